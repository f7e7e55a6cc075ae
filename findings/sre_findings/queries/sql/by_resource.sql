-- Resources with findings, most severe first. A finding of several resources counts at each of
-- them.
with held as (
    select account_id, region, resource_type, resource_id, name, coalesce(owner, '') as owner, critical, high, medium, low,
           informational, untriaged, other, suppressed, fixable, exploitable, 0 as kev, 0 as unchecked
    from resources
    union all
    select account_id, region, resource_type, resource_id, null, coalesce(owner, ''), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           case when kev_due is null then 0 else findings end, unchecked
    from ages
)
select resource_id as value, max(name) as name, account_id, region, resource_type,
       cast(sum(critical) as bigint) as critical, cast(sum(high) as bigint) as high, cast(sum(medium) as bigint) as medium,
       cast(sum(low) as bigint) as low, cast(sum(informational) as bigint) as informational,
       cast(sum(untriaged) as bigint) as untriaged, cast(sum(other) as bigint) as other,
       cast(sum(suppressed) as bigint) as suppressed, cast(sum(fixable) as bigint) as fixable,
       cast(sum(exploitable) as bigint) as exploitable, 1 as resources, cast(sum(kev) as bigint) as kev,
       cast(sum(unchecked) as bigint) as unchecked
from held
where (:owners is null or list_contains(:owners, coalesce(owner, '')))
  and (:resource_id is null or resource_id = :resource_id) and (:account_id is null or account_id = :account_id)
  and (:region is null or region = :region) and (:resource_type is null or resource_type = :resource_type)
group by account_id, region, resource_type, resource_id
having sum(critical + high + medium + low + informational + untriaged + other + suppressed) > 0
order by critical desc, high desc, medium desc, low desc, informational desc, untriaged desc, other desc, value,
         account_id, region, resource_type
limit :count
