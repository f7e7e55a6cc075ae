-- One region's night against the last known state of each of its findings: what began, what changed, what ended and why.
--
-- Given: night (one row: snapshot_id, began, partition, region), tonight_findings, tonight_packages, tonight_coverage,
-- tonight_resources, closed (findings that Inspector closed since), cells (account_id, resource_type, scan_type, state),
-- vulnerabilities, before (states), cells_before, findings_before, packages_before.
-- Makes: events, states, cells_now, ages. docs/schema.md tells what their columns mean.

-- A finding's identity is ours: the same weakness of the same resource, whatever ARN Inspector gives it this time.
create temp view seen as
select coalesce(f.account_id, '') as account_id, coalesce(f.resource_type, '') as resource_type,
       coalesce(f.resource_id, '') as resource_id, coalesce(f.type, '') as type,
       coalesce(f.subject, f.title, f.finding_arn) as subject,
       f.* exclude (account_id, resource_type, resource_id, type, subject)
from tonight_findings as f
where f.status is distinct from 'CLOSED';

-- A resource can have several findings of one subject at once, for example one a package. Each counts, so each has a life
-- of its own: its ordinal tells it from the others, and is 0 where there are none.
create temp table several as
select account_id, resource_type, resource_id, type, subject from before where ordinal > 0
union
select account_id, resource_type, resource_id, type, subject from seen
group by 1, 2, 3, 4, 5 having min(finding_arn) <> max(finding_arn);

create temp table several_before as
select b.account_id, b.resource_type, b.resource_id, b.type, b.subject, b.ordinal,
       b.status <> 'resolved' as was_here, coalesce(b.finding_arn, min(f.finding_arn)) as finding_arn
from before as b join several using (account_id, resource_type, resource_id, type, subject)
left join findings_before as f
    on b.finding_arn is null and f.status is distinct from 'CLOSED'
    and f.account_id = b.account_id and f.resource_type = b.resource_type and f.resource_id = b.resource_id
    and f.type = b.type and coalesce(f.subject, f.title, f.finding_arn) = b.subject
group by b.account_id, b.resource_type, b.resource_id, b.type, b.subject, b.ordinal, b.status, b.finding_arn;

-- Tonight's take the ordinals of those before: by ARN, then in order of age. What is left over is new.
create temp table numbered as
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

create temp table tonight as
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

-- What Inspector says of each resource tonight, a row a scan type.
create temp table covered as
select account_id, resource_type, resource_id, scan_type,
       bool_and(status = 'ACTIVE' and reason = 'SUCCESSFUL') as scanned,
       bool_or(reason = 'RESOURCE_TERMINATED') as terminated,
       max(last_scanned_at) as last_scanned_at, min(exposure_group) as exposure_group,
       min(name) as name
from tonight_coverage
group by 1, 2, 3, 4;

-- Whose each resource of tonight is: whatever is told of it tonight names that owner, or nobody where nobody answers for it.
create temp table owned as
select account_id, resource_type, resource_id, min(owner) as owner
from (select account_id, resource_type, resource_id, owner from tonight_coverage
      union all select account_id, resource_type, resource_id, owner from tonight_resources) as named
group by 1, 2, 3;

-- Every cell that matters, with its state: its own, or that of whatever else is in its account (a resource type that no
-- switch names, or everything where a listing did not end), or that of an account that is not known. Else nobody read it.
create temp table cells_now as
with every as (
    select account_id, resource_type, scan_type from cells where resource_type <> '*'
    union select account_id, resource_type, scan_type from cells_before
    union select distinct account_id, resource_type, scan_type from tonight
), states_of as (
    select every.*, coalesce(own.state, rest.state, anybody.state, 'unreachable') as state
    from every
    left join cells as own using (account_id, resource_type, scan_type)
    left join cells as rest on rest.account_id = every.account_id and rest.resource_type = '*'
    left join cells as anybody on anybody.account_id = '*'
)
select s.account_id, s.resource_type, s.scan_type, s.state,
       case when s.state = 'reached' then night.began else b.complete_at end as complete_at,
       -- Its first complete night, or its first after it was off, or after Inspector had time to forget what closed.
       b.complete_at is null or b.state in ('disabled', 'not_opted_in')
           or b.complete_at < night.began - interval 30 days as onboarding
from states_of as s cross join night
left join cells_before as b using (account_id, resource_type, scan_type);

create temp table joined as
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
       b.resolved_at, b.reopened, b.waiting, b.owner as owner_known, b.exposure_group as group_before
from tonight as t
full outer join (
    select before.*, coalesce(before.finding_arn, s.finding_arn) as own_arn
    from before left join several_before as s using (account_id, resource_type, resource_id, type, subject, ordinal)
) as b
    on t.account_id = b.account_id and t.resource_type = b.resource_type and t.resource_id = b.resource_id
    and t.type = b.type and t.subject = b.subject and t.ordinal = b.ordinal;

-- What Inspector says it closed.
create temp table closings as
select account_id, resource_type, resource_id, type, coalesce(subject, title, finding_arn) as subject, list(finding_arn) as arns
from (select account_id, resource_type, resource_id, type, subject, title, finding_arn from closed
      union all select account_id, resource_type, resource_id, type, subject, title, finding_arn
      from tonight_findings where status = 'CLOSED') as every
group by 1, 2, 3, 4, 5;

-- What was there and is not. A cell that was not reached says nothing; one that is switched off says that nobody looks.
create temp table vanished as
select j.*, c.state, s.arns is not null and (j.own_arn is null or list_contains(s.arns, j.own_arn)) as closed
from joined as j join cells_now as c using (account_id, resource_type, scan_type)
left join closings as s using (account_id, resource_type, resource_id, type, subject)
where j.was_here and not j.here and c.state in ('reached', 'disabled', 'not_opted_in');

-- The packages of what vanished, as they were, and whether the resource still has them tonight.
create temp table known_before as
select v.account_id, v.resource_type, v.resource_id, v.type, v.subject, v.ordinal,
       min(f.finding_arn) as finding_arn, min(f.vulnerability_id) as vulnerability_id, min(f.title) as title,
       min(f.resource_name) as resource_name, min(f.packages_id) as packages_id
from vanished as v
join findings_before as f
    on f.account_id = v.account_id and f.resource_type = v.resource_type and f.resource_id = v.resource_id
    and f.type = v.type and coalesce(f.subject, f.title, f.finding_arn) = v.subject
    and (v.own_arn is null or v.own_arn = f.finding_arn)
group by 1, 2, 3, 4, 5, 6;

create temp table still_there as
select distinct t.account_id, t.resource_type, t.resource_id, p.name, p.version, coalesce(p.path, '') as path
from tonight as t
join (select distinct account_id, resource_type, resource_id from vanished) as v using (account_id, resource_type, resource_id)
join tonight_packages as p on p.packages_id = t.packages_id
where p.name is not null;

create temp table versions as
select k.account_id, k.resource_type, k.resource_id, k.type, k.subject, k.ordinal,
       count(same.name) = count(*) as unchanged, count(other.name) > 0 as changed
from known_before as k
join packages_before as p on p.packages_id = k.packages_id and p.name is not null
left join still_there as same
    on same.account_id = k.account_id and same.resource_type = k.resource_type and same.resource_id = k.resource_id
    and same.name = p.name and same.version = p.version and same.path = coalesce(p.path, '')
left join (select account_id, resource_type, resource_id, name, min(version) as version, max(version) as last
           from still_there group by 1, 2, 3, 4) as other
    on other.account_id = k.account_id and other.resource_type = k.resource_type and other.resource_id = k.resource_id
    and other.name = p.name and (other.version <> p.version or other.last <> p.version)
group by 1, 2, 3, 4, 5, 6;

-- Disappearances in bulk: more than half of what a resource or a cell had, and no trifle.
create temp table bulk as
with losses as (
    select account_id, resource_type, resource_id, scan_type,
           count(*) filter (not here) as lost, count(*) as had
    from joined where was_here group by 1, 2, 3, 4
)
select account_id, resource_type, resource_id, scan_type,
       (lost >= 10 and lost * 2 > had) or (sum(lost) over cell >= 20 and sum(lost) over cell * 2 > sum(had) over cell) as bulk,
       count(*) over cell as resources
from losses
window cell as (partition by account_id, resource_type, scan_type);

create temp table ended as
select v.account_id, v.resource_type, v.resource_id, v.type, v.subject, v.ordinal, coalesce(v.own_arn, k.finding_arn) as arn_before,
       k.vulnerability_id as vulnerability_before, k.title as title_before,
       coalesce(any_cover.name, k.resource_name) as name_before,
       case
           when v.state <> 'reached' then 'not_scanned'
           when any_cover.resource_id is null and cell_cover.resources is null and b.resources >= 5 then 'unknown'
           when any_cover.resource_id is null or any_cover.terminated then 'terminated'
           when c.resource_id is null or not c.scanned then 'not_scanned'
           when not v.closed and (c.last_scanned_at is null or c.last_scanned_at <= v.last_seen_at) then 'unknown'
           when v.resource_type = 'AWS_ECR_CONTAINER_IMAGE' then 'unknown'  -- a digest cannot be patched
           -- Inspector's word that one finding closed is taken; that half a host closed at its old versions is not.
           when versions.unchanged and (b.bulk or not v.closed) then 'unknown'
           when b.bulk and not v.closed and not coalesce(versions.changed, false) then 'unknown'
           else 'patched'
       end as cause
from vanished as v
left join known_before as k using (account_id, resource_type, resource_id, type, subject, ordinal)
left join versions using (account_id, resource_type, resource_id, type, subject, ordinal)
left join bulk as b using (account_id, resource_type, resource_id, scan_type)
left join covered as c using (account_id, resource_type, resource_id, scan_type)
left join (select account_id, resource_type, resource_id, bool_and(terminated) as terminated, min(name) as name
           from covered group by 1, 2, 3) as any_cover using (account_id, resource_type, resource_id)
left join (select account_id, resource_type, count(*) as resources from covered group by 1, 2) as cell_cover
    using (account_id, resource_type);

-- Groups that outlive their members: since when each has had its weakness, in whichever member.
create temp table exposures as
select account_id, resource_type, exposure_group, type, subject, min(exposed_since) as since, bool_or(not waiting) as held
from before
where exposure_group <> resource_id and (status <> 'resolved' or waiting)
group by 1, 2, 3, 4, 5;

create temp table groups as
select account_id, resource_type, resource_id, min(exposure_group) as exposure_group from tonight_resources group by 1, 2, 3;

-- Tonight's members that hold a weakness, and those that were scanned: a successor without it ends the group's exposure.
create temp table holders as
select distinct t.account_id, t.resource_type, g.exposure_group, t.type, t.subject
from tonight as t join groups as g using (account_id, resource_type, resource_id)
where g.exposure_group <> t.resource_id;

create temp table scanned_groups as
select account_id, resource_type, exposure_group, max(last_scanned_at) as last_scanned_at
from covered where scanned and exposure_group <> resource_id group by 1, 2, 3;

-- What is not needed any more goes: a million findings take a third of a gigabyte each time.
drop table tonight;

create temp table states as
select night.snapshot_id, j.account_id, night.region, j.resource_type, j.resource_id,
       coalesce(g.exposure_group, j.group_before, j.resource_id) as exposure_group, j.type, j.subject, j.ordinal,
       case when m.subject is not null then coalesce(j.finding_arn, j.own_arn) end as finding_arn,
       case when j.here and j.open then 'open' when j.here then 'suppressed' when e.cause is not null then 'resolved'
            else j.status_before end as status,
       case when j.here then null else coalesce(e.cause, j.cause_before) end as cause,
       coalesce(j.severity_rank, j.severity_before) as severity_rank,
       coalesce(j.fixable, j.fixable_before) as fixable, coalesce(j.exploitable, j.exploitable_before) as exploitable,
       case when v.checked then v.kev_due is not null else j.kev_before end as kev,
       coalesce(j.first_seen_at, night.began) as first_seen_at,
       -- What ended because nobody looked was never fixed: its age goes on when it is seen again.
       case when not j.here or j.was_here or j.cause_before in ('not_scanned', 'unknown') then j.opened_at
            when j.was_resolved then night.began
            else least(coalesce(j.first_observed_at, night.began), night.began) end as opened_at,
       case when not j.here or j.was_here or j.cause_before in ('not_scanned', 'unknown') then j.exposed_since
            else least(coalesce(x.since, night.began),
                       case when j.was_resolved then night.began else coalesce(j.first_observed_at, night.began) end, night.began)
       end as exposed_since,
       case when j.here then night.began else j.last_seen_at end as last_seen_at,
       case when j.here then null when e.cause is not null then night.began else j.resolved_at end as resolved_at,
       coalesce(j.reopened, 0) + (j.here and coalesce(j.was_resolved, false))::int as reopened,
       -- The last member of a group is gone, and no scanned successor has shown yet that the weakness went with it.
       not j.here and coalesce(g.exposure_group, j.group_before, j.resource_id) <> j.resource_id
           and (coalesce(j.waiting, false) or coalesce(e.cause = 'terminated', false))
           and h.subject is null
           and not coalesce(s.last_scanned_at > j.last_seen_at, false)
           and coalesce(j.resolved_at, night.began) > night.began - interval 30 days as waiting,
       coalesce(s.last_scanned_at > j.last_seen_at, false) as succeeded,
       j.here, j.was_here, j.was_resolved, e.cause as ended, coalesce(j.waiting, false) as was_waiting,
       x.since is not null as in_group, h.subject is not null as held,
       j.severity_before, j.fixable_before, j.exploitable_before, j.kev_before, j.status_before, j.findings, j.shared,
       coalesce(j.finding_arn, e.arn_before) as shown_arn,
       coalesce(j.vulnerability_id, e.vulnerability_before) as vulnerability_id, coalesce(j.title, e.title_before) as title,
       case when o.resource_id is not null then o.owner else j.owner_known end as owner, coalesce(j.resource_name, e.name_before) as resource_name,
       cell.onboarding, v.kev_due, coalesce(v.checked, false) as checked
from joined as j cross join night
left join ended as e using (account_id, resource_type, resource_id, type, subject, ordinal)
left join several as m using (account_id, resource_type, resource_id, type, subject)
left join groups as g using (account_id, resource_type, resource_id)
left join owned as o using (account_id, resource_type, resource_id)
left join cells_now as cell using (account_id, resource_type, scan_type)
left join vulnerabilities as v on v.vulnerability_id = j.subject
left join exposures as x
    on x.account_id = j.account_id and x.resource_type = j.resource_type and x.type = j.type and x.subject = j.subject
    and x.exposure_group = coalesce(g.exposure_group, j.group_before)
left join holders as h
    on h.account_id = j.account_id and h.resource_type = j.resource_type and h.type = j.type and h.subject = j.subject
    and h.exposure_group = coalesce(g.exposure_group, j.group_before)
left join scanned_groups as s
    on s.account_id = j.account_id and s.resource_type = j.resource_type
    and (s.exposure_group = coalesce(g.exposure_group, j.group_before)
         or (s.exposure_group like 'repository/%' and starts_with(coalesce(g.exposure_group, j.group_before), s.exposure_group)))
-- What ended long ago is forgotten; the snapshots still tell it.
where j.here or j.was_here or coalesce(j.resolved_at, night.began) > night.began - interval 90 days;

drop table joined;

create temp table events as
with happened as (
    select *, 'opened' as kind, case when onboarding then 'onboarding' when in_group then 'successor' else 'new' end as why
    from states where here and not was_here and not coalesce(was_resolved, false)
    union all select *, 'reopened', case when onboarding then 'onboarding' end from states where here and coalesce(was_resolved, false)
    union all select *, 'severity_raised', null from states where here and was_here and severity_rank < severity_before
    union all select *, 'severity_lowered', null from states where here and was_here and severity_rank > severity_before
    union all select *, 'fix_appeared', null from states where here and was_here and fixable and not fixable_before
    union all select *, 'exploit_appeared', null from states where here and was_here and exploitable and not exploitable_before
    union all select *, 'kev_appeared', null from states where here and was_here and kev and not kev_before
    union all select *, 'suppressed', null from states where here and status = 'suppressed' and status_before = 'open'
    union all select *, 'unsuppressed', null from states where here and status = 'open' and status_before = 'suppressed'
    union all select *, 'resolved', ended from states where ended is not null
    -- A group's exposure ends once, with its last member, and after a scanned successor lacks it.
    union all
    select * from (
        select *, 'exposure_ended', case when succeeded or ended = 'patched' then 'patched' else 'terminated' end from states
        where exposure_group <> resource_id and not held and not waiting
          and (was_waiting or ended in ('terminated', 'patched'))
        qualify row_number() over (partition by account_id, resource_type, exposure_group, type, subject
                                   order by exposed_since, resource_id, ordinal) = 1
    )
)
select night.snapshot_id, night.began as happened_at, h.kind, h.why as cause, h.account_id, night.region, h.resource_type, h.resource_id,
       h.resource_name, h.owner, h.exposure_group, h.type, h.subject, h.vulnerability_id, h.title, h.shown_arn as finding_arn,
       h.severity_rank, h.severity_before, h.opened_at, h.exposed_since, h.first_seen_at, h.reopened,
       md5(concat_ws('|', night.partition, h.account_id, night.region, h.resource_type, h.resource_id, h.subject,
                     nullif(h.ordinal, 0))) as finding_key,
       md5(concat_ws('|', night.partition, h.account_id, night.region, h.resource_type, h.exposure_group, h.subject)) as exposure_key
from happened as h cross join night
order by h.kind, h.account_id, h.resource_type, h.resource_id, h.type, h.subject, h.ordinal;

-- Open findings by age, so that lateness can be told under any policy at any time.
create temp table ages as
select s.snapshot_id, s.account_id, s.region, s.resource_type, s.resource_id, s.owner, s.severity_rank,
       cast(make_timestamp(epoch_us(s.exposed_since)) as date) as opened_on, s.kev_due,
       cast(sum(s.findings) as bigint) as findings, cast(sum(s.shared) as bigint) as shared,
       cast(sum(case when s.checked then 0 else s.findings end) as bigint) as unchecked
from states as s
where s.here and s.findings > 0
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
