-- Number of findings of a list or an export by reachability, to report what the filter for
-- reachable findings leaves out.
select coalesce(f.reachability, 'UNKNOWN') as reachability, count(*) as findings
from findings as f
where (:resource_id is null or f.resource_id = :resource_id) and (:resource_id is not null or f.resource_index = 0)
  and (:statuses is null or list_contains(:statuses, f.status))
  and (:severities is null or list_contains(:severities, f.severity))
  and (:types is null or list_contains(:types, f.resource_type))
  and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:owners is null or list_contains(:owners, coalesce(f.owner, '')))
  and (not :fixable or fix_available in ('YES', 'PARTIAL')) and (not :exploitable or exploit_available = 'YES')
group by coalesce(f.reachability, 'UNKNOWN')
order by reachability
