-- One resource's open findings by age.
select account_id, region, resource_type, resource_id, severity_rank, cast(opened_on as varchar) as opened_on,
       cast(kev_due as varchar) as kev_due, findings, shared, unchecked
from ages
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
order by severity_rank, opened_on, kev_due
