-- Number of events of the selected snapshots, by kind and cause.
select kind, cause, count(*) as events
from events
where (:owners is null or list_contains(:owners, coalesce(owner, '')))
  and (:accounts is null or list_contains(:accounts, account_id)) and (:regions is null or list_contains(:regions, region))
group by kind, cause
order by kind, cause
