-- Findings that came in some nights: new ones and those that came back, not what was met for the first time.
select distinct finding_arn
from events
where finding_arn is not null
  and ((kind = 'opened' and cause = 'new') or (kind = 'reopened' and cause is null))
order by finding_arn
