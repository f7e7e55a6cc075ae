-- What a shell completes: names and IDs of resources, owners, accounts, regions and vulnerabilities.
select distinct kind, word
from (
    select 'host' as kind, resource_id as word from names where kind = 'id'
    union all select 'host' as kind, resource_name as word from names where kind = 'id'
    union all select 'account' as kind, account_id as word from names
    union all select 'region' as kind, region as word from names
    union all select 'owner' as kind, owner as word from resources
    union all select 'owner' as kind, owner as word from coverage
    union all select 'vulnerability' as kind, vulnerability_id as word from findings
) as known
where word <> ''
order by kind, word
