-- Resources and findings that the selected snapshots saw for the first time, by account. They are
-- not new, only newly scanned.
select account_id, count(distinct concat(region, '|', resource_type, '|', resource_id)) as resources, count(*) as findings
from events
where kind = 'opened' and cause = 'onboarding'
group by account_id
order by account_id
