-- Open findings for the report, highest severity first. A finding counts once, even if it names
-- several resources.
select f.finding_arn, f.severity_rank, f.severity, f.vulnerability_id, f.subject, f.type, f.title, f.inspector_score,
       coalesce(v.epss_score, f.epss_score) as epss_score, coalesce(v.checked, false) as checked,
       cast(v.kev_added as varchar) as kev_added, cast(v.kev_due as varchar) as kev_due, f.exploit_available, f.fix_available, f.reachability,
       f.packages_id, f.details_id, coalesce(r.platform, '') as platform, f.resource_id, f.resource_type, f.resource_name, f.account_id, f.region, f.owner,
       cast(cast(coalesce(s.exposed_since, f.first_observed_at) as date) as varchar) as opened_on,
       coalesce(s.severity_rank, f.severity_rank) as due_rank
from findings as f
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
left join states as s on s.account_id = coalesce(f.account_id, '') and s.region = f.region
    and s.resource_type = coalesce(f.resource_type, '') and s.resource_id = coalesce(f.resource_id, '')
    and s.type = coalesce(f.type, '') and s.subject = coalesce(f.subject, f.title, f.finding_arn)
    and s.status <> 'resolved' and (s.finding_arn is null or s.finding_arn = f.finding_arn)
left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
    and r.resource_type = f.resource_type
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
order by f.severity_rank, case when v.kev_added is null and v.kev_due is null then 1 else 0 end,
         f.exploit_available desc nulls last, f.inspector_score desc nulls last, f.subject, f.finding_arn
limit :count
