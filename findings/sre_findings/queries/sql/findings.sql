-- Findings for exports, once each even if they name several resources. findings_details and
-- findings_packages have the shared data.
select snapshot_id, finding_arn, resource_index, account_id, region, resource_type, resource_id, resource_name, owner, type,
       severity, severity_rank, status, vulnerability_id, vulnerability_source, title, subject, fix_available,
       exploit_available, inspector_score, epss_score, reachability, reachability_reason,
       epoch_us(first_observed_at) as first_observed_at,
       epoch_us(last_observed_at) as last_observed_at, epoch_us(updated_at) as updated_at, packages_id, details_id,
       resources, extra, not_understood
from findings as f
where (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
-- Rows stay in the order of the parts, which DuckDB keeps. Sorting a million wide rows again would
-- need gigabytes of memory.
-- Elsewhere: order by region, resource_id, resource_type, account_id, severity_rank, finding_arn, resource_index
