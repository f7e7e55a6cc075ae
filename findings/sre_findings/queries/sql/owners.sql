-- Every owner of a resource.
select distinct owner
from (select owner from resources union all select owner from coverage) as known
where owner is not null
order by owner
