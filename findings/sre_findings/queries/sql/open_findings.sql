-- Every finding that is not closed, once each, with the columns that suppression rules match.
select finding_arn, vulnerability_id, severity, status, not_understood, type, title, p.list as packages, fix_available, exploit_available,
       epss_score, inspector_score, f.reachability, f.reachability_reason, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id,
       f.region as region, owner
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
where status is distinct from 'CLOSED' and resource_index = 0
order by finding_arn
