-- Resources with findings that coverage does not list.
select r.resource_id, r.resource_type, r.account_id, r.region, coalesce(r.name, '') as name
from resources as r
left join coverage as c
    on c.resource_id = r.resource_id and c.account_id = r.account_id and c.region = r.region and c.resource_type = r.resource_type
where c.resource_id is null and (:owners is null or list_contains(:owners, coalesce(r.owner, '')))
order by account_id, region, resource_type, resource_id
