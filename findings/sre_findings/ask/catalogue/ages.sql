-- Open findings by age, a row a resource, severity, day and KEV date.
select account_id, region, resource_type, resource_id, severity_rank, cast(opened_on as varchar) as opened_on,
       cast(kev_due as varchar) as kev_due, findings, shared, unchecked
from ages
order by account_id, region, resource_type, resource_id, severity_rank, opened_on, kev_due
