-- Rows of coverage, optionally only of the resources of some owners.
select resource_id, resource_type, account_id, region, scan_type, status, reason, scan_mode, coalesce(name, '') as name,
       epoch_us(last_scanned_at) as last_scanned_us
from coverage
where :owners is null or list_contains(:owners, owner)
order by account_id, region, resource_id, resource_type, scan_type
