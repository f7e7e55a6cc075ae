-- One page of findings of all resources, highest severity first. A finding counts once, even if it
-- names several resources.
select finding_arn, vulnerability_id, severity, status, not_understood, type, title, p.list as packages, fix_available, exploit_available,
       epss_score, inspector_score, f.reachability, f.reachability_reason, epoch_us(first_observed_at) as first_observed_us,
       epoch_us(last_observed_at) as last_observed_us, resource_id, resource_type, resource_name, account_id,
       f.region as region, owner
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
where resource_index = 0
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
  and (not :fixable or fix_available in ('YES', 'PARTIAL')) and (not :exploitable or exploit_available = 'YES')
order by severity_rank, exploit_available desc nulls last, inspector_score desc nulls last, vulnerability_id, finding_arn
limit :count offset :skip
