-- Matches a range's findings with the earlier states. Makes joined, held and exposed, which are stored, and the losses.

-- A finding's identity is the vulnerability on the resource, whatever its current ARN.
create or replace temp view seen as
select coalesce(f.account_id, '') as account_id, coalesce(f.resource_type, '') as resource_type,
       coalesce(f.resource_id, '') as resource_id, coalesce(f.type, '') as type,
       coalesce(f.subject, f.title, f.finding_arn) as subject,
       f.* exclude (account_id, resource_type, resource_id, type, subject)
from tonight_findings as f
where f.status is distinct from 'CLOSED';

-- A resource can have several findings of one subject at once, for example one per package. Each is tracked separately
-- by its ordinal, which is 0 if there is only one.
create or replace temp table several as
select account_id, resource_type, resource_id, type, subject from before where ordinal > 0
union
select account_id, resource_type, resource_id, type, subject from seen
group by 1, 2, 3, 4, 5 having min(finding_arn) <> max(finding_arn);

create or replace temp table several_before as
select b.account_id, b.resource_type, b.resource_id, b.type, b.subject, b.ordinal,
       b.status <> 'resolved' as was_here, coalesce(b.finding_arn, min(f.finding_arn)) as finding_arn
from before as b join several using (account_id, resource_type, resource_id, type, subject)
left join findings_before as f
    on b.finding_arn is null and f.status is distinct from 'CLOSED'
    and f.account_id = b.account_id and f.resource_type = b.resource_type and f.resource_id = b.resource_id
    and f.type = b.type and coalesce(f.subject, f.title, f.finding_arn) = b.subject
group by b.account_id, b.resource_type, b.resource_id, b.type, b.subject, b.ordinal, b.status, b.finding_arn;

-- Current findings take over the earlier ordinals, by ARN and then by age. The remaining ones are new.
create or replace temp table numbered as
with now as (
    select account_id, resource_type, resource_id, type, subject, finding_arn, min(first_observed_at) as first_observed_at
    from seen join several using (account_id, resource_type, resource_id, type, subject)
    group by 1, 2, 3, 4, 5, 6
), same as (
    select now.*, b.ordinal
    from now left join several_before as b using (account_id, resource_type, resource_id, type, subject, finding_arn)
), others as (
    select *, row_number() over (partition by account_id, resource_type, resource_id, type, subject
                                 order by first_observed_at, finding_arn) as place
    from same where ordinal is null
), free as (
    select b.*, row_number() over (partition by account_id, resource_type, resource_id, type, subject
                                   order by was_here desc, ordinal) as place
    from several_before as b
    anti join same using (account_id, resource_type, resource_id, type, subject, ordinal)
), taken as (
    select account_id, resource_type, resource_id, type, subject, max(b.ordinal) as highest, max(coalesce(free.place, 0)) as free
    from several_before as b left join free using (account_id, resource_type, resource_id, type, subject, ordinal)
    group by 1, 2, 3, 4, 5
)
select account_id, resource_type, resource_id, type, subject, finding_arn, ordinal from same where ordinal is not null
union all
select account_id, resource_type, resource_id, type, subject, others.finding_arn,
       coalesce(free.ordinal, coalesce(taken.highest, -1) + others.place - coalesce(taken.free, 0))
from others
left join free using (account_id, resource_type, resource_id, type, subject, place)
left join taken using (account_id, resource_type, resource_id, type, subject);

create or replace temp table tonight as
select f.account_id, f.resource_type, f.resource_id, f.type, f.subject, cast(coalesce(n.ordinal, 0) as integer) as ordinal,
       case f.type when 'NETWORK_REACHABILITY' then 'NETWORK' when 'CODE_VULNERABILITY' then 'CODE' else 'PACKAGE' end as scan_type,
       bool_and(f.status is distinct from 'SUPPRESSED') as open,
       min(f.severity_rank) as severity_rank,
       bool_or(coalesce(f.fix_available in ('YES', 'PARTIAL'), false)) as fixable,
       bool_or(coalesce(f.exploit_available = 'YES', false)) as exploitable,
       min(f.finding_arn) as finding_arn, min(f.vulnerability_id) as vulnerability_id, min(f.title) as title,
       min(f.first_observed_at) as first_observed_at, min(f.packages_id) as packages_id,
       min(f.resource_name) as resource_name,
       cast(bool_and(f.status is distinct from 'SUPPRESSED') as integer) as findings,
       cast(bool_and(f.status is distinct from 'SUPPRESSED') and min(f.resource_index) = 0 as integer) as shared
from seen as f left join numbered as n using (account_id, resource_type, resource_id, type, subject, finding_arn)
group by f.account_id, f.resource_type, f.resource_id, f.type, f.subject, coalesce(n.ordinal, 0);

create or replace temp table joined as
select j.*, m.subject is not null as several
from (
    select coalesce(t.account_id, b.account_id) as account_id, coalesce(t.resource_type, b.resource_type) as resource_type,
           coalesce(t.resource_id, b.resource_id) as resource_id, coalesce(t.type, b.type) as type,
           coalesce(t.subject, b.subject) as subject, coalesce(t.ordinal, b.ordinal) as ordinal, b.own_arn,
           coalesce(t.scan_type, case b.type when 'NETWORK_REACHABILITY' then 'NETWORK' when 'CODE_VULNERABILITY' then 'CODE'
                    else 'PACKAGE' end) as scan_type,
           t.finding_arn is not null as here,
           coalesce(b.status in ('open', 'suppressed'), false) as was_here,
           b.status = 'resolved' as was_resolved,
           t.open, t.severity_rank, t.fixable, t.exploitable, t.finding_arn, t.vulnerability_id, t.title, t.first_observed_at,
           t.packages_id, t.resource_name, t.findings, t.shared,
           b.status as status_before, b.cause as cause_before, b.severity_rank as severity_before, b.fixable as fixable_before,
           b.exploitable as exploitable_before, b.kev as kev_before, b.first_seen_at, b.opened_at, b.exposed_since, b.last_seen_at,
           b.resolved_at, b.reopened, b.waiting, b.owner as owner_known, b.exposure_group as group_before,
           b.vulnerability_id as vulnerability_carried, b.title as title_carried, b.resource_name as name_carried,
           b.packages as packages_carried, b.evidence as evidence_carried
    from tonight as t
    full outer join (
        select before.*, coalesce(before.finding_arn, s.finding_arn) as own_arn
        from before left join several_before as s using (account_id, resource_type, resource_id, type, subject, ordinal)
    ) as b
        on t.account_id = b.account_id and t.resource_type = b.resource_type and t.resource_id = b.resource_id
        and t.type = b.type and t.subject = b.subject and t.ordinal = b.ordinal
) as j
left join several as m using (account_id, resource_type, resource_id, type, subject);

insert into losses
select account_id, resource_type, resource_id, scan_type, count(*) filter (not here), count(*)
from joined where was_here group by 1, 2, 3, 4;

-- The members of a group that have a vulnerability now.
create or replace temp table held as
select distinct t.account_id, t.resource_type, g.exposure_group, t.type, t.subject
from tonight as t join groups as g using (account_id, resource_type, resource_id)
where g.exposure_group <> t.resource_id;

-- Since when members of groups have had their vulnerabilities.
create or replace temp table exposed as
select account_id, resource_type, exposure_group, type, subject, min(exposed_since) as since, bool_or(not waiting) as held
from before
where exposure_group <> resource_id and (status <> 'resolved' or waiting)
group by 1, 2, 3, 4, 5;
