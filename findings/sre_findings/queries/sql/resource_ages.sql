-- Open findings of some resources by age. A finding counts at every resource that it names.
select account_id, region, resource_type, resource_id, severity_rank, cast(opened_on as varchar) as opened_on,
       cast(kev_due as varchar) as kev_due, cast(sum(findings) as bigint) as findings
from ages
where list_contains(:resources, resource_id)
group by account_id, region, resource_type, resource_id, severity_rank, opened_on, kev_due
order by account_id, region, resource_type, resource_id, severity_rank, opened_on, kev_due
