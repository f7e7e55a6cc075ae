-- Events of the selected snapshots, newest snapshot first, highest severity first within a
-- snapshot.
select snapshot_id, epoch_us(happened_at) as happened_us, kind, cause, account_id, region, resource_type, resource_id,
       resource_name, owner, exposure_group, type, subject, vulnerability_id, title, finding_arn, severity_rank,
       severity_before, epoch_us(opened_at) as opened_us, epoch_us(exposed_since) as exposed_us,
       epoch_us(first_seen_at) as first_seen_us, reopened, finding_key, exposure_key
from events
where (:kinds is null or list_contains(:kinds, kind)) and (:owners is null or list_contains(:owners, coalesce(owner, '')))
  and (:accounts is null or list_contains(:accounts, account_id)) and (:regions is null or list_contains(:regions, region))
order by happened_us desc, severity_rank, kind, cause, account_id, region, resource_id, type, subject, finding_key
limit :count
