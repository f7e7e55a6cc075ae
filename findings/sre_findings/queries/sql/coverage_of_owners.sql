-- Rows of coverage, optionally only of the resources of some owners. A scan can be listed although
-- its type is switched off.
with off as (
    select distinct account_id, region, resource_type, scan_type from cells where state = 'not_opted_in'
)
select c.resource_id, c.resource_type, c.account_id, c.region, c.scan_type, c.status, c.reason, c.scan_mode,
       coalesce(c.name, '') as name, epoch_us(c.last_scanned_at) as last_scanned_us,
       o.account_id is not null
           or (:disabled is not null and list_contains(:disabled, c.account_id || '|' || c.region)) as switched_off
from coverage as c
left join off as o
    on o.account_id = c.account_id and o.region = c.region and o.resource_type = c.resource_type and o.scan_type = c.scan_type
where :owners is null or list_contains(:owners, coalesce(c.owner, ''))
order by account_id, region, resource_id, resource_type, scan_type
