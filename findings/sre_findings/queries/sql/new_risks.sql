-- Open findings that are new, reopened or raised to critical in the selected snapshots and critical
-- or in KEV, and those added to KEV, by vulnerability: the columns that decide the risk ranking, and
-- the finding that is due first.
with fresh as (
    select distinct finding_arn, kind
    from events
    where finding_arn is not null and kind in ('opened', 'reopened', 'kev_appeared', 'severity_raised')
      and cause is distinct from 'onboarding' and cause is distinct from 'successor'
), new_findings as (
    select f.*, coalesce(f.subject, f.title) as named, v.checked, v.kev_added, v.kev_due, v.exploit_last_seen,
           v.epss_score as current_epss_score, coalesce(r.public, false) as public, coalesce(r.platform, '') as platform,
           r.in_use_count, r.last_in_use_at,
           row_number() over (partition by coalesce(f.subject, f.title), f.type
                              order by f.first_observed_at, f.resource_name, f.account_id, f.region, f.resource_id, f.finding_arn) as place
    from findings as f
    left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
        and r.resource_type = f.resource_type
    left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
    where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
      and ((f.severity_rank = 0 and f.finding_arn in (select finding_arn from fresh))
           or ((v.kev_added is not null or v.kev_due is not null)
               and f.finding_arn in (select finding_arn from fresh where kind <> 'severity_raised')))
), grouped as (
    select named, type, min(vulnerability_id) as vulnerability_id, min(title) as title, min(severity_rank) as severity_rank,
           max(inspector_score) as inspector_score, max(coalesce(current_epss_score, epss_score)) as epss_score,
           max(case when exploit_available = 'YES' then 1 else 0 end) as exploitable,
           max(case when fix_available in ('YES', 'PARTIAL') then 1 else 0 end) as fixable,
           max(case when public or type = 'NETWORK_REACHABILITY' then 1 else 0 end) as exposed,
           max(case reachability when 'REACHABLE' then 2 when 'NOT_REACHABLE' then 0 else 1 end) as reached,
           min(case when reachability = 'REACHABLE' then reachability_reason end) as reached_reason,
           min(case when reachability = 'NOT_REACHABLE' then reachability_reason end) as unreached_reason,
           max(in_use_count) as in_use_count, max(case when in_use_count > 0 then last_in_use_at end) as last_in_use_at,
           min(first_observed_at) as first_observed_at, max(case when checked then 1 else 0 end) as checked,
           max(kev_added) as kev_added, max(kev_due) as kev_due, max(exploit_last_seen) as exploit_last_seen,
           count(distinct concat(account_id, '|', region, '|', resource_id)) as resources
    from new_findings
    group by named, type
)
select g.named as subject, g.type, g.vulnerability_id, g.title, g.severity_rank, g.inspector_score, g.epss_score, g.exploitable,
       g.fixable, g.exposed, epoch_us(g.first_observed_at) as first_us, g.resources, g.reached, g.reached_reason,
       g.unreached_reason, g.in_use_count, epoch_us(g.last_in_use_at) as last_in_use_us, g.checked,
       cast(g.kev_added as varchar) as kev_added, cast(g.kev_due as varchar) as kev_due,
       cast(cast(g.exploit_last_seen as date) as varchar) as exploit_seen, f.finding_arn, f.resource_id, f.resource_name,
       f.resource_type, f.account_id, f.region, f.owner, f.platform, f.packages_id
from grouped as g
join new_findings as f on f.place = 1 and f.named = g.named and f.type = g.type
order by g.named, g.type
