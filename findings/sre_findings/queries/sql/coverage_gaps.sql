-- Scans that may prove nothing: every one that does, and some others. The exact rule is in
-- model/coverage/gaps.py. ``lacking`` are all rows of resources without their required scan.
with off as (
    select distinct account_id, region, resource_type, scan_type from cells where state = 'not_opted_in'
), lacking as (
    select account_id, region, resource_type, resource_id
    from coverage
    where list_contains(:judged, resource_type)
    group by account_id, region, resource_type, resource_id
    having not bool_or(list_contains(:proofs, resource_type || '|' || scan_type))
), every as (
    select c.resource_id, c.resource_type, c.account_id, c.region, c.scan_type, c.status, c.reason, c.scan_mode,
           coalesce(c.name, '') as name, epoch_us(c.last_scanned_at) as last_scanned_us, c.owner,
           l.resource_id is not null as lacking,
           o.account_id is not null
               or (:disabled is not null and list_contains(:disabled, c.account_id || '|' || c.region)) as switched_off
    from coverage as c
    left join off as o
        on o.account_id = c.account_id and o.region = c.region and o.resource_type = c.resource_type
        and o.scan_type = c.scan_type
    left join lacking as l
        on l.account_id = c.account_id and l.region = c.region and l.resource_type = c.resource_type
        and l.resource_id = c.resource_id
)
select resource_id, resource_type, account_id, region, scan_type, status, reason, scan_mode, name, last_scanned_us,
       lacking, switched_off
from every
where (:owners is null or list_contains(:owners, coalesce(owner, '')))
  and (status <> 'ACTIVE' or reason <> 'SUCCESSFUL' or lacking or switched_off
       or not list_contains(:judged, resource_type) or not list_contains(:scans, resource_type || '|' || scan_type)
       or last_scanned_us is null or last_scanned_us > :latest_us
       or (last_scanned_us < :earliest_us
           and (coalesce(scan_mode, '') <> '' or not list_contains(:unlimited, resource_type || '|' || scan_type))))
order by reason, account_id, region, resource_id, scan_type
