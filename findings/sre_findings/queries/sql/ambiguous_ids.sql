-- Which of some IDs belong to several resources, in different accounts or regions or of different
-- types.
select resource_id, count(*) as resources
from (
    select distinct resource_id, resource_type, account_id, region
    from names
    where kind = 'id' and list_contains(:ids, resource_id)
) as known
group by resource_id
having count(*) > 1
order by resource_id
