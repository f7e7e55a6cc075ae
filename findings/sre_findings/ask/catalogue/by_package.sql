-- Active findings by package, a finding once however many resources it names.
with texts as (
    -- Package lists repeat: each distinct one is taken apart once.
    select packages, list_distinct(list_transform(from_json(packages, '["json"]'), lambda p: p ->> '$.name')) as names
    from (select distinct packages from findings where status is distinct from 'SUPPRESSED' and status is distinct from 'CLOSED' and packages is not null) as distinct_lists
), pairs as (
    select packages, unnest(names) as value from texts
)
select pairs.value as value, '' as name,
       count(*) filter (severity_rank = 0) as critical, count(*) filter (severity_rank = 1) as high,
       count(*) filter (severity_rank = 2) as medium, count(*) filter (severity_rank = 3) as low,
       count(*) filter (severity_rank = 4) as informational, count(*) filter (severity_rank = 5) as untriaged,
       count(*) filter (severity_rank > 5) as other, 0 as suppressed,
       count(*) filter (fix_available in ('YES', 'PARTIAL')) as fixable,
       count(*) filter (exploit_available = 'YES') as exploitable,
       count(distinct resource_id || account_id || region) as resources
from findings join pairs using (packages)
where status is distinct from 'SUPPRESSED' and status is distinct from 'CLOSED' and resource_index = 0
group by pairs.value
order by critical desc, high desc, medium desc, low desc, value
limit :count
