-- Package lists of the findings of an export, as Inspector sent them.
with wanted as (
    select distinct region, packages_id
    from findings as f
    where (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
)
select p.region, p.packages_id, p.list as packages
from packages as p join wanted on wanted.region = p.region and wanted.packages_id = p.packages_id
where p.position = 0
order by p.region, p.packages_id
