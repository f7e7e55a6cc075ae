-- Findings opened and resolved in the snapshot, in total and for each account, region, type, owner
-- and resource.
with moved as (
    select account_id, region, resource_type, coalesce(owner, '') as owner,
           concat(account_id, '|', region, '|', resource_type, '|', resource_id) as resource,
           case kind when 'reopened' then coalesce(cause, kind) else cause end as word
    from events
    where kind in ('opened', 'reopened', 'resolved')
)
select case when grouping(account_id) = 0 then 'account' when grouping(region) = 0 then 'region'
            when grouping(resource_type) = 0 then 'type' when grouping(owner) = 0 then 'owner'
            when grouping(resource) = 0 then 'resource' else 'organization' end as kind,
       coalesce(account_id, region, resource_type, owner, resource, '') as value, word, count(*) as count
from moved
where :owners is null or list_contains(:owners, coalesce(owner, ''))
group by grouping sets ((word), (account_id, word), (region, word), (resource_type, word), (owner, word), (resource, word))
order by kind, value, word
