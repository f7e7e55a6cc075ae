-- How an image is used, according to its findings and its coverage.
select in_use_count, epoch_us(last_in_use_at) as last_in_use_us
from resources
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
union all
select in_use_count, epoch_us(last_in_use_at) as last_in_use_us
from coverage
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
order by last_in_use_us, in_use_count
