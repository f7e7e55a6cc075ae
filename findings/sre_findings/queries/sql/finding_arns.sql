-- The findings of a resource for one vulnerability, port range or detector.
select finding_arn, coalesce(vulnerability_id, subject) as vulnerability_id
from findings
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and status is distinct from 'CLOSED' and (lower(vulnerability_id) = lower(:vulnerability) or lower(subject) = lower(:vulnerability))
order by finding_arn
