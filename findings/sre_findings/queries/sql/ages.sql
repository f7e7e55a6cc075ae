-- Open findings by age, in total and for each account, region, type and owner.
select case when grouping(account_id) = 0 then 'account' when grouping(region) = 0 then 'region'
            when grouping(resource_type) = 0 then 'type' when grouping(owner) = 0 then 'owner' else 'organization' end as kind,
       coalesce(account_id, region, resource_type, owner, '') as value,
       severity_rank, cast(opened_on as varchar) as opened_on, cast(kev_due as varchar) as kev_due,
       cast(sum(shared) as bigint) as findings
from (
    select account_id, region, resource_type, coalesce(owner, '') as owner, severity_rank, opened_on, kev_due, shared from ages
) as aged
where shared > 0 and (:owners is null or list_contains(:owners, owner))
group by grouping sets ((severity_rank, opened_on, kev_due), (account_id, severity_rank, opened_on, kev_due),
                        (region, severity_rank, opened_on, kev_due), (resource_type, severity_rank, opened_on, kev_due),
                        (owner, severity_rank, opened_on, kev_due))
order by kind, value, severity_rank, opened_on, kev_due
