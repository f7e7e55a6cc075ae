-- Names and ids that resemble a text, for "did you mean": those with the fewest letters to change, for their length.
-- Letters beyond ASCII count as one and the same, for engines count their bytes differently.
select resource_id, name
from (
    select resource_id, name, lower(resource_id) as id, regexp_replace(lower(name), '[^ -~]', '?', 'g') as called,
           regexp_replace(lower(:text), '[^ -~]', '?', 'g') as sought
    from (select distinct resource_id, coalesce(name, '') as name from coverage) as known
) as plain
order by least(cast(levenshtein(called, sought) as double) / greatest(length(called), length(sought)),
               cast(levenshtein(id, sought) as double) / greatest(length(id), length(sought))), resource_id, name
limit 3
