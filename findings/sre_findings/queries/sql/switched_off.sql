-- Cells for which Inspector is switched off: what is in them is not scanned, and so is named nowhere.
select distinct account_id, region, resource_type, scan_type
from cells
where state = 'not_opted_in'
  and (:types is null or list_contains(:types, resource_type)) and (:accounts is null or list_contains(:accounts, account_id))
  and (:regions is null or list_contains(:regions, region))
order by account_id, region, resource_type, scan_type
