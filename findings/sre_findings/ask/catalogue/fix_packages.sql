-- Every package of every list, with the version that fixes it.
select region, packages_id, position, name, manager, fixed_in
from packages
where name is not null
order by region, packages_id, position
