-- How a resource is used, according to its findings and its coverage; and whether it has a public
-- address, or an open network finding, which has a row of its own.
select in_use_count, epoch_us(last_in_use_at) as last_in_use_us, public as exposed
from resources
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
union all
select in_use_count, epoch_us(last_in_use_at) as last_in_use_us, false as exposed
from coverage
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
union all
select null as in_use_count, null as last_in_use_us, true as exposed
from findings
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and type = 'NETWORK_REACHABILITY' and status = 'ACTIVE'
order by last_in_use_us, in_use_count, exposed
