-- Resources that have open findings with one of some package lists.
select distinct f.region, f.packages_id, f.account_id, f.resource_type, f.resource_id, coalesce(f.resource_name, '') as name,
       coalesce(r.platform, '') as platform
from findings as f
left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
    and r.resource_type = f.resource_type
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
  and f.fix_available = 'YES' and list_contains(:lists, f.packages_id)
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region)) and (:types is null or list_contains(:types, f.resource_type))
  and (:resource_id is null or f.resource_id = :resource_id)
order by f.region, f.packages_id, f.account_id, f.resource_type, f.resource_id, name, platform
