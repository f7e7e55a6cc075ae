-- Every resource that the text names: by id, or by name.
select distinct resource_id, resource_type, account_id, region, coalesce(name, '') as name
from (
    select resource_id, resource_type, account_id, region, name from resources
    union all
    select resource_id, resource_type, account_id, region, name from coverage
) as known
where resource_id = :text or name = :text
order by account_id, region, resource_type, resource_id, name
