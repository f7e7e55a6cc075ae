-- The description of each vulnerability, or other weakness, as Inspector sent it.
select region, details_id, description
from details
where description is not null
order by region, details_id
