-- Number of resources whose scan types are all ACTIVE.
select count(*) as scanned
from (
    select resource_id from coverage where :owners is null or list_contains(:owners, coalesce(owner, ''))
    group by resource_id, account_id, region, resource_type
    having bool_and(status = 'ACTIVE')
) as whole
