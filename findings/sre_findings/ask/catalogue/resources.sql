-- Every resource with its counts.
select * from resources order by resource_id, account_id, region, resource_type
