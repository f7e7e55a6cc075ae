-- Events of the selected snapshots, KEV findings first, then by severity. Findings of onboarded or
-- rebuilt resources are left out.
select e.kind, e.cause, e.severity_rank, e.severity_before, e.vulnerability_id, e.subject, e.title, e.account_id, e.region,
       e.resource_type, e.resource_id, e.resource_name, e.owner, e.finding_arn, e.finding_key,
       coalesce(r.public, false) or e.type = 'NETWORK_REACHABILITY' as exposed,
       v.kev_added is not null or v.kev_due is not null as kev
from events as e
left join resources as r on r.resource_id = e.resource_id and r.account_id = e.account_id and r.region = e.region
    and r.resource_type = e.resource_type
left join vulnerabilities as v on v.vulnerability_id = e.vulnerability_id
where e.cause is distinct from 'onboarding' and e.cause is distinct from 'successor' and list_contains(:kinds, e.kind)
order by case when v.kev_added is not null or v.kev_due is not null then 0 else 1 end, e.severity_rank,
         e.account_id, e.region, e.resource_id, e.type, e.subject, e.happened_at, e.kind, e.finding_key
limit :count
