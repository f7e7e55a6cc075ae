-- Every resource that has a name, and of which kind the name is; an id is known wherever the resource is.
select distinct resource_id, resource_type, account_id, region, kind, coalesce(resource_name, '') as name
from (
    select resource_id, resource_type, account_id, region, kind, resource_name, name from names
    union all
    select resource_id, resource_type, account_id, region, 'id' as kind, name as resource_name, resource_id as name from resources
    union all
    select resource_id, resource_type, account_id, region, 'id' as kind, name as resource_name, resource_id as name from coverage
) as known
where name = :name
order by account_id, region, resource_type, resource_id, kind, name
