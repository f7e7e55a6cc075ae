-- Whole rows, for exports and reports: a finding once, however many resources it names.
select snapshot_id, finding_arn, resource_index, account_id, region, resource_type, resource_id, resource_name, owner, type,
       severity, severity_rank, status, vulnerability_id, vulnerability_source, title, description, fix_available,
       exploit_available, inspector_score, epss_score, epoch_us(first_observed_at) as first_observed_at,
       epoch_us(last_observed_at) as last_observed_at, epoch_us(updated_at) as updated_at, packages, vulnerability_details,
       network_details, code_details, score_details, exploitability, epss, remediation, resources, extra
from findings
where (:resource_id is null or resource_id = :resource_id) and (:resource_id is not null or resource_index = 0)
  and (:statuses is null or list_contains(:statuses, status))
  and (:severities is null or list_contains(:severities, severity))
  and (:types is null or list_contains(:types, resource_type))
  and (:accounts is null or list_contains(:accounts, account_id))
  and (:regions is null or list_contains(:regions, region))
  and (:owners is null or list_contains(:owners, owner))
-- In the order of the parts, which DuckDB keeps: sorting a million wide rows again would need gigabytes of this process.
-- Elsewhere: order by region, resource_id, resource_type, account_id, severity_rank, finding_arn, resource_index
