-- Every name of a package that a finding has.
select distinct name from packages where name is not null order by name
