-- Which of some ids several resources have: in another account or region, or of another type.
select resource_id, count(*) as resources
from (
    select distinct resource_id, resource_type, account_id, region
    from names
    where kind = 'id' and list_contains(:ids, resource_id)
) as known
group by resource_id
having count(*) > 1
order by resource_id
