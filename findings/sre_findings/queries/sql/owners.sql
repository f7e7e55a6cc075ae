-- Every owner of a resource; empty if some resources have none.
select distinct coalesce(owner, '') as owner
from (select owner from resources union all select owner from coverage) as known
order by owner
