-- The counts of one resource.
select * from resources
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
