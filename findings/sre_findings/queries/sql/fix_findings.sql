-- Open findings that an upgrade resolves, one row for each package list, platform and severity.
select f.resource_type, coalesce(r.platform, '') as platform, f.region, f.packages_id, f.severity_rank,
       count(*) as findings, sum(case when v.kev_due is not null then 1 else 0 end) as kev,
       sum(case f.severity_rank when 0 then :risk_critical when 1 then :risk_high when 2 then :risk_medium
                                when 3 then :risk_low when 4 then :risk_informational else :risk_untriaged end
           + case when v.kev_due is not null then :risk_kev else 0 end
           + case when v.exploit_last_seen is not null then :risk_observed
                  when f.exploit_available = 'YES' then :risk_exploit else 0 end
           + case when coalesce(v.epss_score, f.epss_score) >= :epss_high then :risk_epss else 0 end
           + case when r.public then :risk_exposed else 0 end
           + case when f.reachability = 'REACHABLE' then :risk_reachable else 0 end
           + case when r.in_use_count > 0 then :risk_running else 0 end) as risk
from findings as f
left join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
    and r.resource_type = f.resource_type
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
  and f.packages_id is not null and f.fix_available = 'YES'
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region)) and (:types is null or list_contains(:types, f.resource_type))
  and (:resource_id is null or f.resource_id = :resource_id)
group by f.resource_type, coalesce(r.platform, ''), f.region, f.packages_id, f.severity_rank
order by f.resource_type, platform, f.region, f.packages_id, f.severity_rank
