-- Every resource with this name, and the kind of the name.
select distinct resource_id, resource_type, account_id, region, kind, coalesce(resource_name, '') as name
from names
where name = :name
order by account_id, region, resource_type, resource_id, kind, name
