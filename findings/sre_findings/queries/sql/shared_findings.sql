-- Findings of several resources, one row for each of these, with what their counts and ages need.
select f.finding_arn, f.resource_index, f.account_id, f.region, f.resource_type, f.resource_id, f.owner, f.severity_rank,
       f.status, f.fix_available, f.exploit_available, coalesce(v.checked, false) as checked,
       cast(v.kev_due as varchar) as kev_due,
       cast(cast(coalesce(s.exposed_since, f.first_observed_at) as date) as varchar) as opened_on,
       coalesce(s.severity_rank, f.severity_rank) as due_rank
from findings as f
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
left join states as s on s.account_id = coalesce(f.account_id, '') and s.region = f.region
    and s.resource_type = coalesce(f.resource_type, '') and s.resource_id = coalesce(f.resource_id, '')
    and s.type = coalesce(f.type, '') and s.subject = coalesce(f.subject, f.title, f.finding_arn)
    and s.status <> 'resolved' and (s.finding_arn is null or s.finding_arn = f.finding_arn)
where f.finding_arn in (select finding_arn from findings where resource_index > 0)
order by f.finding_arn, f.resource_index
