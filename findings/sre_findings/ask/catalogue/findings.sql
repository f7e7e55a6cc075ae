-- Whole rows, for exports: a finding once, however many resources it names.
select f.snapshot_id, f.finding_arn, f.resource_index, f.account_id, f.region, f.resource_type, f.resource_id,
       f.resource_name, f.owner, f.type, f.severity, f.severity_rank, f.status, f.vulnerability_id, f.vulnerability_source,
       f.title, f.subject, f.fix_available, f.exploit_available, f.inspector_score, f.epss_score,
       epoch_us(f.first_observed_at) as first_observed_at, epoch_us(f.last_observed_at) as last_observed_at,
       epoch_us(f.updated_at) as updated_at, f.resources, f.extra, p.list as packages, d.description,
       d.vulnerability_details, d.network_details, d.code_details, d.score_details, d.exploitability, d.epss, d.remediation
from findings as f
join details as d on d.region = f.region and d.details_id = f.details_id
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
where (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, f.status))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, f.owner))
-- In the order of the parts, which DuckDB keeps: sorting a million wide rows again would need gigabytes of this process.
-- Elsewhere: order by f.region, f.resource_id, f.resource_type, f.account_id, f.severity_rank, f.finding_arn, f.resource_index
