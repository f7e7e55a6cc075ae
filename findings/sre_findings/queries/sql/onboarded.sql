-- What some nights saw for the first time, by account: that is old, and nobody did it tonight.
select account_id, count(distinct concat(region, '|', resource_type, '|', resource_id)) as resources, count(*) as findings
from events
where kind = 'opened' and cause = 'onboarding'
group by account_id
order by account_id
