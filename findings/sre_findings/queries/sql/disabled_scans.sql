-- Cells in which Inspector is not enabled. Their resources are not scanned and appear in no other
-- table.
select distinct account_id, region, resource_type, scan_type
from cells
where state = 'not_opted_in'
  and (:types is null or list_contains(:types, resource_type)) and (:accounts is null or list_contains(:accounts, account_id))
  and (:regions is null or list_contains(:regions, region))
order by account_id, region, resource_type, scan_type
