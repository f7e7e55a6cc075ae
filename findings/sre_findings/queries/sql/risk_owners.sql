-- Owners of the resources with an open finding of some vulnerabilities. A resource without an owner
-- has an empty one.
with named as (
    select coalesce(vulnerability_id, subject, title) as vulnerability_id, type, coalesce(owner, '') as owner
    from findings
    where status is distinct from 'SUPPRESSED' and status is distinct from 'CLOSED' and resource_index = 0
)
select distinct vulnerability_id, type, owner
from named
where list_contains(:vulnerabilities, vulnerability_id)
order by vulnerability_id, type, owner
