-- Every resource that has a name, and of which kind the name is.
select distinct resource_id, resource_type, account_id, region, kind, coalesce(resource_name, '') as name
from names
where name = :name
order by account_id, region, resource_type, resource_id, kind, name
