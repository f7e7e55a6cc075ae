-- Findings that are new or reopened in the selected snapshots. Findings of onboarded resources are
-- left out.
select distinct finding_arn
from events
where finding_arn is not null
  and ((kind = 'opened' and cause = 'new') or (kind = 'reopened' and cause is null))
order by finding_arn
