-- Findings of several resources. There are few, and mostly none.
select distinct finding_arn
from findings
where resource_index > 0
order by finding_arn
