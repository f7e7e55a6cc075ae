-- Runs once, after matches.sql has run for every range.

-- Bulk losses: more than half of the findings of a resource, or of an account, region and type.
create temp table bulk as
select account_id, resource_type, resource_id, scan_type,
       lost * 2 > had or sum(lost) over cell * 2 > sum(had) over cell as bulk
from losses
window cell as (partition by account_id, resource_type, scan_type);

create temp table cell_cover as select account_id, resource_type, count(*) as resources from covered group by 1, 2;

drop table losses;
