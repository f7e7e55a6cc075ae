-- Accounts, regions and types with known resources, and whether Inspector scans any of that type
-- there.
select account_id, region, resource_type, bool_or(covered) as covered
from (
    select account_id, region, resource_type, status = 'ACTIVE' as covered from coverage
    union all
    select account_id, region, resource_type, false as covered from resources
) as known
group by account_id, region, resource_type
order by account_id, region, resource_type
