-- Packages of some lists, or of all lists, with the version that fixes each.
select region, packages_id, position, name, manager, fixed_in
from packages
where name is not null and (:lists is null or list_contains(:lists, packages_id))
order by region, packages_id, position
