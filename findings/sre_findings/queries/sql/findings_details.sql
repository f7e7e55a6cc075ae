-- Details that the findings of an export share, one row for each.
with wanted as (
    select distinct region, details_id
    from findings as f
    where (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, case when f.status in ('SUPPRESSED', 'CLOSED') then f.status else 'ACTIVE' end))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :reachable or f.reachability = 'REACHABLE')
)
select d.region, d.details_id, d.description, d.vulnerability_details, d.network_details, d.code_details, d.score_details,
       d.exploitability, d.epss, d.remediation
from details as d join wanted on wanted.region = d.region and wanted.details_id = d.details_id
order by d.region, d.details_id
