-- All open findings by what decides whether the fix plan resolves them (kind, platform and package
-- list; region and number are null if no upgrade does), and when they are due.
select f.resource_type, coalesce(r.platform, '') as platform,
       case when f.fix_available = 'YES' and f.packages_id is not null then f.region end as region,
       case when f.fix_available = 'YES' then f.packages_id end as packages_id,
       f.severity_rank, coalesce(s.severity_rank, f.severity_rank) as due_rank,
       cast(cast(coalesce(s.exposed_since, f.first_observed_at) as date) as varchar) as opened_on,
       cast(v.kev_due as varchar) as kev_due,
       case when f.type = 'PACKAGE_VULNERABILITY' and not coalesce(v.checked, false) then 1 else 0 end as unchecked,
       count(*) as findings
from findings as f
left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
    and r.resource_type = f.resource_type
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
left join states as s on s.account_id = coalesce(f.account_id, '') and s.region = f.region
    and s.resource_type = coalesce(f.resource_type, '') and s.resource_id = coalesce(f.resource_id, '')
    and s.type = coalesce(f.type, '') and s.subject = coalesce(f.subject, f.title, f.finding_arn)
    and s.status <> 'resolved' and (s.finding_arn is null or s.finding_arn = f.finding_arn)
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region)) and (:types is null or list_contains(:types, f.resource_type))
  and (:resource_id is null or f.resource_id = :resource_id)
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
order by 1, 2, 3, 4, 5, 6, 7, 8, 9
