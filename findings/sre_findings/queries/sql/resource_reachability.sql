-- Number of findings of a resource by reachability.
select coalesce(reachability, 'UNKNOWN') as reachability, count(*) as findings
from findings
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and status is distinct from 'CLOSED' and (:suppressed or status is distinct from 'SUPPRESSED')
  and (:severities is null or list_contains(:severities, severity))
group by coalesce(reachability, 'UNKNOWN')
order by reachability
