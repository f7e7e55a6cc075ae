-- Every package name in the findings.
select distinct name from packages where name is not null order by name
