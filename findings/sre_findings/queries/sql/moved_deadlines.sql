-- Open findings for which the SLA starts on another day, or with another severity, than Inspector
-- reports: reopened and renewed findings, of some or of all. There are few, so an export can keep
-- them in memory.
select f.finding_arn, coalesce(s.severity_rank, f.severity_rank) as due_rank,
       cast(cast(coalesce(s.exposed_since, f.first_observed_at) as date) as varchar) as opened_on
from findings as f
join states as s on s.account_id = coalesce(f.account_id, '') and s.region = f.region
    and s.resource_type = coalesce(f.resource_type, '') and s.resource_id = coalesce(f.resource_id, '')
    and s.type = coalesce(f.type, '') and s.subject = coalesce(f.subject, f.title, f.finding_arn)
    and s.status <> 'resolved' and (s.finding_arn is null or s.finding_arn = f.finding_arn)
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
  and (:findings is null or list_contains(:findings, f.finding_arn))
  and (cast(coalesce(s.exposed_since, f.first_observed_at) as date) is distinct from cast(f.first_observed_at as date)
       or coalesce(s.severity_rank, f.severity_rank) is distinct from f.severity_rank)
order by f.finding_arn
