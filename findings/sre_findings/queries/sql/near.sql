-- Names that begin with a text or have the fewest letters to change, for "did you mean"; who asks chooses among them.
-- Letters beyond ASCII count as one and the same, for engines count their bytes differently.
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
