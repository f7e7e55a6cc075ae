-- The worst active findings of all, a finding once however many resources it names.
select finding_arn, vulnerability_id, severity, status, type, title, packages, fix_available, exploit_available,
       epss_score, inspector_score, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id, region
from findings
where status is distinct from 'SUPPRESSED' and status is distinct from 'CLOSED' and resource_index = 0
order by severity_rank, exploit_available desc nulls last, inspector_score desc nulls last, vulnerability_id, finding_arn
limit :count
