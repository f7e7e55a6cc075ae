-- Every resource with this ID or name in the events of the selected snapshots.
select account_id, region, resource_type, resource_id, coalesce(max(resource_name), '') as name
from events
where resource_id = :name or resource_name = :name
group by account_id, region, resource_type, resource_id
order by account_id, region, resource_type, resource_id
