-- What came and what went in the night, counted by resource.
select account_id, region, resource_type, resource_id, owner, case kind when 'reopened' then coalesce(cause, kind) else cause end as word,
       count(*) as count
from events
where kind in ('opened', 'reopened', 'resolved')
group by account_id, region, resource_type, resource_id, owner, case kind when 'reopened' then coalesce(cause, kind) else cause end
order by account_id, region, resource_type, resource_id, owner, word
