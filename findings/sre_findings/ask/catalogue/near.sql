-- Names and ids that resemble a text, for "did you mean".
select resource_id, name
from (select distinct resource_id, coalesce(name, '') as name from coverage) as known
order by greatest(jaro_winkler_similarity(lower(name), lower(:text)), jaro_winkler_similarity(resource_id, :text)) desc, resource_id
limit 3
