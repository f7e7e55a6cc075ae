-- The first findings of one vulnerability or of some packages, highest severity first, and KEV first
-- in each severity. Each row shows the first matching package of its list.
with named as (
    select region, packages_id, min(position) as position from packages where list_contains(:names, name)
    group by region, packages_id
)
select f.finding_arn, f.vulnerability_id, f.subject, f.severity, f.severity_rank, f.status, f.title, f.resource_id,
       f.resource_type, f.resource_name, f.account_id, f.region, f.owner, p.name as package, p.version as installed,
       p.fixed_in, f.fix_available, f.reachability, f.reachability_reason, epoch_us(f.first_observed_at) as first_us,
       f.type, coalesce(v.checked, false) as checked, cast(v.kev_added as varchar) as kev_added,
       cast(v.kev_due as varchar) as kev_due
from findings as f
left join named as n on n.region = f.region and n.packages_id = f.packages_id
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = coalesce(n.position, 0)
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where f.status is distinct from 'CLOSED' and f.resource_index = 0
  and (lower(f.subject) = lower(:text) or lower(f.vulnerability_id) = lower(:text) or n.packages_id is not null)
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (not :reachable or f.reachability = 'REACHABLE')
order by f.severity_rank, case when v.kev_added is null and v.kev_due is null then 1 else 0 end, v.kev_due nulls last,
         case when f.exploit_available = 'YES' or v.exploit_last_seen is not null then 0 else 1 end,
         f.account_id, f.region, f.resource_id, f.subject, f.finding_arn
limit :count
