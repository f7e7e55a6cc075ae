-- Every finding of one vulnerability or of some packages. Each row shows the first matching package
-- of its list.
with named as (
    select region, packages_id, min(position) as position from packages where list_contains(:names, name)
    group by region, packages_id
)
select f.finding_arn, f.vulnerability_id, f.subject, f.severity, f.severity_rank, f.status, f.title, f.resource_id,
       f.resource_type, f.resource_name, f.account_id, f.region, f.owner, p.name as package, p.version as installed,
       p.fixed_in, f.fix_available, f.reachability, f.reachability_reason, epoch_us(f.first_observed_at) as first_us
from findings as f
left join named as n on n.region = f.region and n.packages_id = f.packages_id
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = coalesce(n.position, 0)
where f.status is distinct from 'CLOSED' and f.resource_index = 0
  and (lower(f.subject) = lower(:text) or lower(f.vulnerability_id) = lower(:text) or n.packages_id is not null)
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
order by f.severity_rank, f.account_id, f.region, f.resource_id, f.subject, f.finding_arn
