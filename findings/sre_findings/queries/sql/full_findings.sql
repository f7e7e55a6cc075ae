-- One page of complete findings with their shared data, for paged exports and for one finding by
-- its ARN.
select f.snapshot_id, f.finding_arn, resource_index, account_id, f.region as region, resource_type, resource_id, resource_name,
       owner, type, severity, severity_rank, status, f.vulnerability_id, vulnerability_source, title, subject, fix_available,
       exploit_available, inspector_score, f.epss_score, f.reachability, f.reachability_reason,
       epoch_us(first_observed_at) as first_observed_at,
       epoch_us(last_observed_at) as last_observed_at, epoch_us(updated_at) as updated_at, resources, extra, not_understood,
       p.list as packages, d.description, d.vulnerability_details, d.network_details, d.code_details, d.score_details,
       d.exploitability, d.epss, d.remediation, coalesce(v.checked, false) as checked,
       cast(v.kev_added as varchar) as kev_added, cast(v.kev_due as varchar) as kev_due,
       cast(cast(v.exploit_last_seen as date) as varchar) as exploit_seen
from findings as f
left join packages as p on p.region = f.region and p.packages_id = f.packages_id and p.position = 0
left join details as d on d.region = f.region and d.details_id = f.details_id
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where (:finding_arn is null or f.finding_arn = :finding_arn)
  and (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
order by f.region, resource_id, resource_type, account_id, severity_rank, f.finding_arn, resource_index
limit :count offset :skip
