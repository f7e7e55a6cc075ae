-- What decides the due date of each open finding of a resource: its severity and first day under
-- the SLA, and its KEV due date.
select f.finding_arn, coalesce(s.severity_rank, f.severity_rank) as due_rank,
       cast(cast(coalesce(s.exposed_since, f.first_observed_at) as date) as varchar) as opened_on,
       cast(v.kev_due as varchar) as kev_due
from findings as f
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
left join states as s on s.account_id = coalesce(f.account_id, '') and s.region = f.region
    and s.resource_type = coalesce(f.resource_type, '') and s.resource_id = coalesce(f.resource_id, '')
    and s.type = coalesce(f.type, '') and s.subject = coalesce(f.subject, f.title, f.finding_arn)
    and s.status <> 'resolved' and (s.finding_arn is null or s.finding_arn = f.finding_arn)
    and s.resource_id = :resource_id
where f.resource_id = :resource_id and f.account_id = :account_id and f.region = :region and f.resource_type = :resource_type
  and f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED'
order by f.finding_arn
