-- Counts in total and for each account, region, type and owner. A finding of several resources
-- counts once.
with held as (
    select account_id, region, resource_type, coalesce(owner, '') as owner,
           shared_critical as critical, shared_high as high, shared_medium as medium, shared_low as low,
           shared_informational as informational, shared_untriaged as untriaged, shared_other as other,
           shared_suppressed as suppressed, shared_fixable as fixable, shared_exploitable as exploitable,
           case when critical + high + medium + low + informational + untriaged + other + suppressed > 0 then 1 else 0 end as resources,
           0 as kev, 0 as unchecked
    from resources
    union all
    select account_id, region, resource_type, coalesce(owner, ''), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           case when kev_due is null then 0 else shared end, least(unchecked, shared)
    from ages
)
select case when grouping(account_id) = 0 then 'account' when grouping(region) = 0 then 'region'
            when grouping(resource_type) = 0 then 'type' when grouping(owner) = 0 then 'owner' else 'organization' end as kind,
       coalesce(account_id, region, resource_type, owner, '') as value,
       cast(sum(critical) as bigint) as critical, cast(sum(high) as bigint) as high, cast(sum(medium) as bigint) as medium,
       cast(sum(low) as bigint) as low, cast(sum(informational) as bigint) as informational,
       cast(sum(untriaged) as bigint) as untriaged, cast(sum(other) as bigint) as other,
       cast(sum(suppressed) as bigint) as suppressed, cast(sum(fixable) as bigint) as fixable,
       cast(sum(exploitable) as bigint) as exploitable, cast(sum(resources) as bigint) as resources,
       cast(sum(kev) as bigint) as kev, cast(sum(unchecked) as bigint) as unchecked
from held
where :owners is null or list_contains(:owners, coalesce(owner, ''))
group by grouping sets ((), (account_id), (region), (resource_type), (owner))
having count(*) > 0
order by kind, value
