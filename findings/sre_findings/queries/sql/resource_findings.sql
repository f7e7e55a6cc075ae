-- One page of the findings of a resource, highest severity first, and KEV first in each severity.
-- live.conversion.worst_first has the same order. Each row also has the total of all pages.
select finding_arn, f.vulnerability_id, severity, status, not_understood, type, title, p.list as packages, fix_available, exploit_available,
       f.epss_score, inspector_score, f.reachability, f.reachability_reason, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id,
       f.region as region, owner, count(*) over () as total,
       coalesce(v.checked, false) as checked,
       cast(v.kev_added as varchar) as kev_added, cast(v.kev_due as varchar) as kev_due,
       cast(cast(v.exploit_last_seen as date) as varchar) as exploit_seen
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where resource_id = :resource_id and account_id = :account_id and f.region = :region and resource_type = :resource_type
  and status is distinct from 'CLOSED' and (:suppressed or status is distinct from 'SUPPRESSED')
  and (:severities is null or list_contains(:severities, severity))
  and (not :reachable or f.reachability = 'REACHABLE')
order by severity_rank, case when v.kev_added is null and v.kev_due is null then 1 else 0 end, v.kev_due nulls last,
         case when exploit_available = 'YES' or v.exploit_last_seen is not null then 0 else 1 end,
         status, inspector_score desc nulls last, f.vulnerability_id, finding_arn
limit :count offset :skip
