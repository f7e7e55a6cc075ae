-- What a rebuild of each machine image would resolve: fixable open findings of the instances that
-- run it.
select r.image_id, coalesce(f.owner, '') as owner, f.account_id, f.region, min(r.platform) as platform,
       count(distinct f.resource_id) as instances, count(*) as findings,
       sum(case when f.severity_rank = 0 then 1 else 0 end) as critical, sum(case when f.severity_rank = 1 then 1 else 0 end) as high,
       sum(case when v.kev_due is not null then 1 else 0 end) as kev
from findings as f
join resources as r on r.resource_id = f.resource_id and r.account_id = f.account_id and r.region = f.region
    and r.resource_type = f.resource_type
left join vulnerabilities as v on v.vulnerability_id = f.vulnerability_id
where f.status is distinct from 'SUPPRESSED' and f.status is distinct from 'CLOSED' and f.resource_index = 0
  and f.fix_available = 'YES' and r.image_id is not null
  and (:owners is null or list_contains(:owners, coalesce(f.owner, ''))) and (:accounts is null or list_contains(:accounts, f.account_id))
  and (:regions is null or list_contains(:regions, f.region))
  and (:types is null or list_contains(:types, f.resource_type))
group by r.image_id, coalesce(f.owner, ''), f.account_id, f.region
order by kev desc, critical desc, high desc, findings desc, r.image_id, owner, f.account_id, f.region
limit :count
