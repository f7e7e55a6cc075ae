-- Whole rows, for exports and reports: a finding once, however many resources it names.
select * replace (epoch_us(first_observed_at) as first_observed_at, epoch_us(last_observed_at) as last_observed_at,
                  epoch_us(updated_at) as updated_at)
from findings
where (:resource_id is null or resource_id = :resource_id) and (:resource_id is not null or resource_index = 0)
  and (:statuses is null or list_contains(:statuses, status))
  and (:severities is null or list_contains(:severities, severity))
  and (:types is null or list_contains(:types, resource_type))
  and (:accounts is null or list_contains(:accounts, account_id))
  and (:regions is null or list_contains(:regions, region))
  and (:owners is null or list_contains(:owners, owner))
-- In the order of the parts: by resource, then by severity. Sorting a million wide rows again would need gigabytes.
