-- Days from first observation to patch, and days observed without a patch. Exposure groups count
-- once.
with ends as (
    select severity_rank, coalesce(owner, '') as owner, account_id, region,
           date_diff('day', cast(exposed_since as date), cast(happened_at as date)) as days, cause
    from events
    where (kind = 'resolved' and exposure_group = resource_id) or kind = 'exposure_ended'
), grouped as (
    select account_id, region, resource_type, exposure_group, type, subject, min(severity_rank) as severity_rank,
           min(exposed_since) as exposed_since, min(owner) as owner
    from states where status = 'open' and exposure_group <> resource_id
    group by account_id, region, resource_type, exposure_group, type, subject
), opened as (
    select severity_rank, coalesce(owner, '') as owner, account_id, region, exposed_since
    from states where status = 'open' and exposure_group = resource_id
    union all
    select severity_rank, coalesce(owner, '') as owner, account_id, region, exposed_since from grouped
), lives as (
    select severity_rank, owner, account_id, region, days, cause = 'patched' as patched from ends
    union all
    select severity_rank, owner, account_id, region,
           date_diff('day', cast(exposed_since as date), cast(cast(:today as varchar) as date)), false
    from opened
)
select case when :by = 'owner' then owner when :by = 'account' then account_id else cast(severity_rank as varchar) end as value,
       case when days < 0 then 0 else days end as days,
       sum(case when patched then 1 else 0 end) as patched, sum(case when patched then 0 else 1 end) as unpatched
from lives
where days is not null and (:owners is null or list_contains(:owners, coalesce(owner, ''))) and (:accounts is null or list_contains(:accounts, account_id))
  and (:regions is null or list_contains(:regions, region))
group by case when :by = 'owner' then owner when :by = 'account' then account_id else cast(severity_rank as varchar) end,
         case when days < 0 then 0 else days end
order by value, days
