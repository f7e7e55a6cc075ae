-- How many findings of a resource the filters leave.
select count(*) as total
from findings
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and list_contains(:statuses, status)
  and (:severities is null or list_contains(:severities, severity))
