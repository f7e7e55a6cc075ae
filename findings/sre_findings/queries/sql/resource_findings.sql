-- One page of the findings of a resource, highest severity first. Each row also has the total of
-- all pages.
select finding_arn, vulnerability_id, severity, status, not_understood, type, title, p.list as packages, fix_available, exploit_available,
       epss_score, inspector_score, f.reachability, f.reachability_reason, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id,
       f.region as region, owner, count(*) over () as total
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
where resource_id = :resource_id and account_id = :account_id and f.region = :region and resource_type = :resource_type
  and status is distinct from 'CLOSED' and (:suppressed or status is distinct from 'SUPPRESSED')
  and (:severities is null or list_contains(:severities, severity))
  and (not :reachable or f.reachability = 'REACHABLE')
order by severity_rank, status, inspector_score desc nulls last, vulnerability_id, finding_arn
limit :count offset :skip
