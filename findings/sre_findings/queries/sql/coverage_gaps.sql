-- Scans that are not active, with the reason.
select resource_id, resource_type, account_id, region, scan_type, status, reason, scan_mode, coalesce(name, '') as name,
       epoch_us(last_scanned_at) as last_scanned_us
from coverage
where status <> 'ACTIVE' and (:owners is null or list_contains(:owners, owner))
order by reason, account_id, region, resource_id, scan_type
