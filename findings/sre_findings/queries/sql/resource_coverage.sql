-- Coverage of one resource, one row for each scan type.
select resource_id, resource_type, account_id, region, scan_type, status, reason, scan_mode, name,
       epoch_us(last_scanned_at) as last_scanned_us
from coverage
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
order by scan_type
