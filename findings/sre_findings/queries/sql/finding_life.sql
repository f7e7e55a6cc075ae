-- Events of one vulnerability on one resource, oldest first.
select snapshot_id, epoch_us(happened_at) as happened_us, kind, cause, severity_rank, severity_before, epoch_us(opened_at) as opened_us,
       epoch_us(first_seen_at) as first_seen_us, reopened, finding_arn, finding_key
from events
where resource_id = :resource_id and account_id = :account_id and region = :region and resource_type = :resource_type
  and (lower(subject) = lower(:text) or lower(vulnerability_id) = lower(:text))
order by happened_us, finding_key, kind, cause
