-- Active findings by package. A finding counts once, even if it names several resources.
with named as (
    select distinct region, packages_id, name from packages where name is not null
)
select named.name as value, '' as name,
       count(*) filter (severity_rank = 0) as critical, count(*) filter (severity_rank = 1) as high,
       count(*) filter (severity_rank = 2) as medium, count(*) filter (severity_rank = 3) as low,
       count(*) filter (severity_rank = 4) as informational, count(*) filter (severity_rank = 5) as untriaged,
       count(*) filter (severity_rank > 5) as other, 0 as suppressed,
       count(*) filter (fix_available in ('YES', 'PARTIAL')) as fixable,
       count(*) filter (exploit_available = 'YES') as exploitable,
       count(*) filter (v.kev_due is not null) as kev, count(*) filter (v.checked is not true) as unchecked,
       count(distinct concat(resource_id, '|', account_id, '|', findings.region)) as resources
from findings join named on named.region = findings.region and named.packages_id = findings.packages_id
left join vulnerabilities as v on v.vulnerability_id = findings.vulnerability_id
where status is distinct from 'SUPPRESSED' and status is distinct from 'CLOSED' and resource_index = 0
  and (:owners is null or list_contains(:owners, coalesce(findings.owner, '')))
group by named.name
order by critical desc, high desc, medium desc, low desc, value
limit :count
