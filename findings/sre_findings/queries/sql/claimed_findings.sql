-- The open findings of some vulnerabilities on some resources, one row for each pair.
select distinct account_id, region, resource_id, resource_type, resource_name, vulnerability_id
from findings
where status is distinct from 'CLOSED' and status is distinct from 'SUPPRESSED'
  and account_id is not null and resource_id is not null
  and list_contains(:vulnerabilities, lower(vulnerability_id)) and list_contains(:resources, resource_id)
order by account_id, region, resource_id, resource_type, resource_name, vulnerability_id
