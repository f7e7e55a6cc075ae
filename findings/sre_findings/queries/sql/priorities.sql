-- Open findings by vulnerability, with the columns that decide the risk ranking. Findings without a
-- vulnerability are grouped by subject.
with open_findings as (
    select f.*, coalesce(r.public, false) as public, r.in_use_count, r.last_in_use_at
    from findings as f
    left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
        and r.resource_type = f.resource_type
    where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
      and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
      and (:regions is null or list_contains(:regions, f.region)) and (:types is null or list_contains(:types, f.resource_type))
      and (:resource_id is null or f.resource_id = :resource_id)
), grouped as (
    select coalesce(subject, title) as subject, type, min(vulnerability_id) as vulnerability_id, min(title) as title,
           min(severity_rank) as severity_rank, max(inspector_score) as inspector_score, max(epss_score) as epss_score,
           max(case when exploit_available = 'YES' then 1 else 0 end) as exploitable,
           max(case when fix_available in ('YES', 'PARTIAL') then 1 else 0 end) as fixable,
           max(case when public or type = 'NETWORK_REACHABILITY' then 1 else 0 end) as exposed,
           -- 2 if any finding is reachable, 0 only if all are reported as not reachable, else 1
           -- (unknown)
           max(case reachability when 'REACHABLE' then 2 when 'NOT_REACHABLE' then 0 else 1 end) as reached,
           min(case when reachability = 'REACHABLE' then reachability_reason end) as reached_reason,
           min(case when reachability = 'NOT_REACHABLE' then reachability_reason end) as unreached_reason,
           sum(case when reachability = 'REACHABLE' then 1 else 0 end) as reachable_findings,
           max(in_use_count) as in_use_count, max(case when in_use_count > 0 then last_in_use_at end) as last_in_use_at,
           epoch_us(min(first_observed_at)) as first_us, count(*) as findings,
           count(distinct concat(account_id, '|', region, '|', resource_id)) as resources, min(resource_id) as example
    from open_findings
    group by coalesce(subject, title), type
)
select g.subject, g.type, g.vulnerability_id, g.title, g.severity_rank, g.inspector_score,
       coalesce(v.epss_score, g.epss_score) as epss_score, g.exploitable, g.fixable, g.exposed, g.first_us, g.findings,
       g.resources, g.example, g.reached, g.reached_reason, g.unreached_reason,
       cast(g.reachable_findings as bigint) as reachable_findings, g.in_use_count, epoch_us(g.last_in_use_at) as last_in_use_us, coalesce(v.checked, false) as checked, cast(v.kev_added as varchar) as kev_added,
       cast(v.kev_due as varchar) as kev_due, v.kev_action, cast(cast(v.exploit_last_seen as date) as varchar) as exploit_seen
from grouped as g
left join vulnerabilities as v on v.vulnerability_id = g.vulnerability_id
order by g.subject, g.type
