-- Number of findings of a resource that match the filters.
select count(*) as total
from findings
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and status is distinct from 'CLOSED' and (:suppressed or status is distinct from 'SUPPRESSED')
  and (:severities is null or list_contains(:severities, severity))
  and (not :reachable or reachability = 'REACHABLE')
