-- One page of findings of all resources, in the order of resource_findings.sql. A finding counts
-- once, even if it names several resources.
select finding_arn, f.vulnerability_id, severity, status, not_understood, type, title, p.list as packages, fix_available, exploit_available,
       f.epss_score, inspector_score, f.reachability, f.reachability_reason, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id,
       f.region as region, owner, coalesce(v.checked, false) as checked,
       cast(v.kev_added as varchar) as kev_added, cast(v.kev_due as varchar) as kev_due,
       cast(cast(v.exploit_last_seen as date) as varchar) as exploit_seen
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where resource_index = 0
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
  and (not :fixable or fix_available in ('YES', 'PARTIAL')) and (not :exploitable or exploit_available = 'YES')
order by severity_rank, case when v.kev_added is null and v.kev_due is null then 1 else 0 end, v.kev_due nulls last,
         case when exploit_available = 'YES' or v.exploit_last_seen is not null then 0 else 1 end,
         status, inspector_score desc nulls last, f.vulnerability_id, finding_arn
limit :count offset :skip
