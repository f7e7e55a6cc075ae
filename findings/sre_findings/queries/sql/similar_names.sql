-- Candidates for similar names: those that begin with the text, then those with the smallest edit
-- distance.
-- All characters beyond ASCII count as the same one, because engines count their bytes differently.
select name, min(resource_id) as resource_id, count(distinct resource_id) as resources
from (
    select name, resource_id, regexp_replace(lower(name), '[^ -~]', '?', 'g') as called,
           regexp_replace(lower(:text), '[^ -~]', '?', 'g') as sought
    from names
    where kind not in ('address', 'digest', 'layer', 'former') and length(name) <= 256
) as known
group by name, called, sought
order by case when starts_with(called, sought) then 0 else 1 end,
         cast(levenshtein(called, sought) as double) / greatest(length(called), length(sought)), name
limit 50
