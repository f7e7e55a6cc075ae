-- A group's exposure ends once, with its last member, and only after a scanned successor is not vulnerable.
create temp table last_members as
select type, finding_key
from leaving
qualify row_number() over (partition by account_id, resource_type, exposure_group, type, subject
                           order by exposed_since, resource_id, ordinal) = 1;
