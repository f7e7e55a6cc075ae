-- Instances that have an address, as their findings tell it. Private addresses repeat, from network to network.
select distinct resource_id, resource_type, account_id, region, coalesce(name, '') as name
from resources
where addresses like :pattern
order by account_id, region, resource_type, resource_id, name
