-- Which of some names belong to several resources, and in how many places (account and region) these
-- are.
select name, cast(sum(resources) as bigint) as resources, count(*) as places
from (
    select resource_name as name, account_id, region, count(distinct resource_id) as resources
    from names
    where kind = 'id' and list_contains(:names, resource_name)
    group by resource_name, account_id, region
) as known
group by name
having sum(resources) > 1
order by name
