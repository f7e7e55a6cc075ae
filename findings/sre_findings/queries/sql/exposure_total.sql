-- The counts of exposure.sql without its limit. `all_findings`, `reached` and `unreached` ignore
-- :reachable; the ids are the same if all findings are of one vulnerability.
with named as (
    select region, packages_id, min(position) as position from packages where list_contains(:names, name)
    group by region, packages_id
)
select count(*) as all_findings, count(case when reachability = 'REACHABLE' then 1 end) as reached,
       count(case when reachability = 'NOT_REACHABLE' then 1 end) as unreached,
       count(case when shown and not suppressed then 1 end) as open_findings,
       count(case when shown and suppressed then 1 end) as suppressed_findings,
       count(distinct case when shown and not suppressed then place end) as open_resources,
       count(distinct case when shown and suppressed then place end) as suppressed_resources,
       min(case when shown then id end) as first_id, max(case when shown then id end) as last_id
from (
    select f.reachability, not :reachable or f.reachability = 'REACHABLE' as shown,
           f.status is not distinct from 'SUPPRESSED' as suppressed,
           case when coalesce(f.vulnerability_id, '') = '' then f.subject else f.vulnerability_id end as id,
           coalesce(f.account_id, '') || ' ' || coalesce(f.region, '') || ' ' || coalesce(f.resource_id, '') as place
    from findings as f
    left join named as n on n.region = f.region and n.packages_id = f.packages_id
    where f.status is distinct from 'CLOSED' and f.resource_index = 0
      and (lower(f.subject) = lower(:text) or lower(f.vulnerability_id) = lower(:text) or n.packages_id is not null)
      and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
      and (:regions is null or list_contains(:regions, f.region))
)
