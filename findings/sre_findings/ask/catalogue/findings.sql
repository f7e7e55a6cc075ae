-- Whole rows, for exports: a finding once, however many resources it names.
select f.* exclude (packages_id, details_id) replace (
           epoch_us(f.first_observed_at) as first_observed_at, epoch_us(f.last_observed_at) as last_observed_at,
           epoch_us(f.updated_at) as updated_at),
       p.list as packages, d.* exclude (snapshot_id, region, details_id)
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
-- In the order of the parts: by resource, then by severity. Sorting a million wide rows again would need gigabytes.
