-- Number of events of the selected snapshots, by severity, exposure and KEV.
select e.kind, e.cause, e.severity_rank, coalesce(r.public, false) or e.type = 'NETWORK_REACHABILITY' as exposed,
       v.kev_added is not null or v.kev_due is not null as kev, count(*) as events
from events as e
left join resources as r on r.resource_id = e.resource_id and r.account_id = e.account_id and r.region = e.region
    and r.resource_type = e.resource_type
left join vulnerabilities as v on v.vulnerability_id = e.vulnerability_id
group by e.kind, e.cause, e.severity_rank, coalesce(r.public, false) or e.type = 'NETWORK_REACHABILITY',
         v.kev_added is not null or v.kev_due is not null
order by e.kind, e.cause, e.severity_rank, exposed, kev
