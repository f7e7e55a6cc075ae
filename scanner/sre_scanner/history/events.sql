-- The states, events and ages of a range's findings.

-- The findings that Inspector closed.
create or replace temp table closings as
select account_id, resource_type, resource_id, type, coalesce(subject, title, finding_arn) as subject, list(finding_arn) as arns
from (select account_id, resource_type, resource_id, type, subject, title, finding_arn from closed
      union all select account_id, resource_type, resource_id, type, subject, title, finding_arn
      from tonight_findings where status = 'CLOSED') as every
group by 1, 2, 3, 4, 5;

-- Findings that were open or suppressed and are not among the current ones. In a cell that was not read, as where
-- Inspector is disabled in the whole account, that says nothing.
create or replace temp table missing as
select j.*, coalesce(c.state, 'unreachable') as state,
       coalesce(c.state in ('reached', 'not_opted_in'), false) as known
from joined as j left join cells as c using (account_id, resource_type, scan_type)
where j.was_here and not j.here;

-- What was known of each when it was last seen: from the previous snapshot, or else from the states, which carry it on
-- through snapshots that did not read its cell.
create or replace temp table known_before as
select m.account_id, m.resource_type, m.resource_id, m.type, m.subject, m.ordinal,
       coalesce(min(f.finding_arn), min(m.own_arn)) as finding_arn,
       coalesce(min(f.vulnerability_id), min(m.vulnerability_carried)) as vulnerability_id,
       coalesce(min(f.title), min(m.title_carried)) as title,
       coalesce(min(f.resource_name), min(m.name_carried)) as resource_name,
       min(f.packages_id) as packages_id, min(m.packages_carried) as packages
from missing as m
left join findings_before as f
    on f.account_id = m.account_id and f.resource_type = m.resource_type and f.resource_id = m.resource_id
    and f.type = m.type and coalesce(f.subject, f.title, f.finding_arn) = m.subject
    and f.status is distinct from 'CLOSED' and (m.own_arn is null or m.own_arn = f.finding_arn)
group by 1, 2, 3, 4, 5, 6;

-- What is known of the end of each: that Inspector closed it, not another finding of the same subject, or that its
-- resource was terminated. This too is carried through snapshots that did not read its cell.
create or replace temp table evidence as
select m.account_id, m.resource_type, m.resource_id, m.type, m.subject, m.ordinal,
       coalesce(list_contains(s.arns, k.finding_arn), false) or coalesce(m.evidence_carried = 'closed', false) as closed,
       coalesce(t.terminated, false) or coalesce(m.evidence_carried = 'terminated', false) as terminated
from missing as m
join known_before as k using (account_id, resource_type, resource_id, type, subject, ordinal)
left join closings as s using (account_id, resource_type, resource_id, type, subject)
left join covered_resources as t using (account_id, resource_type, resource_id);

-- Findings that are gone. Where the scan type is off, they are no longer scanned.
create or replace temp table vanished as
select m.*, e.closed, e.terminated
from missing as m join evidence as e using (account_id, resource_type, resource_id, type, subject, ordinal)
where m.known;

-- What the states carry on of the others.
create or replace temp table carried as
select k.account_id, k.resource_type, k.resource_id, k.type, k.subject, k.ordinal,
       k.finding_arn, k.vulnerability_id, k.title, k.resource_name, coalesce(lists.packages, k.packages) as packages,
       case when e.closed then 'closed' when e.terminated then 'terminated' end as evidence
from missing as m
join known_before as k using (account_id, resource_type, resource_id, type, subject, ordinal)
join evidence as e using (account_id, resource_type, resource_id, type, subject, ordinal)
left join (
    select p.packages_id, cast(to_json(list({name: p.name, version: p.version, path: p.path} order by p.position)) as text) as packages
    from packages_before as p
    where p.name is not null and p.packages_id in (
        select k.packages_id from known_before as k
        join missing as m using (account_id, resource_type, resource_id, type, subject, ordinal) where not m.known)
    group by 1
) as lists on lists.packages_id = k.packages_id
where not m.known;

-- The earlier packages of findings that are gone, and whether the resource still has them.
create or replace temp table packages_known as
select k.account_id, k.resource_type, k.resource_id, k.type, k.subject, k.ordinal, p.name, p.version, p.path
from known_before as k join packages_before as p using (packages_id)
where p.name is not null
union all
select account_id, resource_type, resource_id, type, subject, ordinal, package.name, package.version, package.path
from (select k.*, unnest(from_json(packages, '[{"name": "VARCHAR", "version": "VARCHAR", "path": "VARCHAR"}]')) as package
      from known_before as k where k.packages_id is null and k.packages is not null) as each;

create or replace temp table still_there as
select distinct t.account_id, t.resource_type, t.resource_id, p.name, p.version, coalesce(p.path, '') as path
from (select * from joined where here) as t
join (select distinct account_id, resource_type, resource_id from vanished) as v using (account_id, resource_type, resource_id)
join tonight_packages as p on p.packages_id = t.packages_id
where p.name is not null;

create or replace temp table versions as
select k.account_id, k.resource_type, k.resource_id, k.type, k.subject, k.ordinal,
       count(same.name) = count(*) as unchanged, count(other.name) > 0 as changed
from packages_known as k
left join still_there as same
    on same.account_id = k.account_id and same.resource_type = k.resource_type and same.resource_id = k.resource_id
    and same.name = k.name and same.version = k.version and same.path = coalesce(k.path, '')
left join (select account_id, resource_type, resource_id, name, min(version) as version, max(version) as last
           from still_there group by 1, 2, 3, 4) as other
    on other.account_id = k.account_id and other.resource_type = k.resource_type and other.resource_id = k.resource_id
    and other.name = k.name and (other.version <> k.version or other.last <> k.version)
group by 1, 2, 3, 4, 5, 6;

create or replace temp table ended as
select v.account_id, v.resource_type, v.resource_id, v.type, v.subject, v.ordinal, coalesce(v.own_arn, k.finding_arn) as arn_before,
       k.vulnerability_id as vulnerability_before, k.title as title_before,
       coalesce(any_cover.name, k.resource_name) as name_before, any_cover.resource_id is null as uncovered,
       case
           when v.state <> 'reached' then 'not_scanned'
           -- A whole cell that is gone can be an error of the listing, so only evidence counts.
           when any_cover.resource_id is null and cell_cover.resources is null and not v.closed and not v.terminated
               then 'unknown'
           when any_cover.resource_id is null or any_cover.terminated then 'terminated'
           when c.resource_id is null or not c.scanned then 'not_scanned'
           when not v.closed and (c.last_scanned_at is null or c.last_scanned_at <= v.last_seen_at) then 'unknown'
           when v.resource_type = 'AWS_ECR_CONTAINER_IMAGE' then 'unknown'  -- a digest cannot be patched
           when not v.closed and k.finding_arn is null then 'unknown'  -- nothing is known of what it was
           -- A single finding that Inspector closed counts as patched; many findings closed at their old versions do not.
           when versions.unchanged and (b.bulk or not v.closed) then 'unknown'
           when b.bulk and not v.closed and not coalesce(versions.changed, false) then 'unknown'
           else 'patched'
       end as cause
from vanished as v
left join known_before as k using (account_id, resource_type, resource_id, type, subject, ordinal)
left join versions using (account_id, resource_type, resource_id, type, subject, ordinal)
left join bulk as b using (account_id, resource_type, resource_id, scan_type)
left join covered as c using (account_id, resource_type, resource_id, scan_type)
left join covered_resources as any_cover using (account_id, resource_type, resource_id)
left join cell_cover using (account_id, resource_type);

-- The groups of this range's resources, with all of their members, including those in other ranges.
-- Since when each group has had its vulnerability, in any member, and which members have it now.
create or replace temp table groups_here as
select distinct j.account_id, j.resource_type, coalesce(g.exposure_group, j.group_before) as exposure_group
from joined as j left join groups as g using (account_id, resource_type, resource_id)
where coalesce(g.exposure_group, j.group_before) is not null;

create or replace temp table exposures as
select account_id, resource_type, exposure_group, type, subject, min(since) as since, bool_or(held) as held
from every_exposed semi join groups_here using (account_id, resource_type, exposure_group)
group by 1, 2, 3, 4, 5;

create or replace temp table holders as
select distinct account_id, resource_type, exposure_group, type, subject
from every_held semi join groups_here using (account_id, resource_type, exposure_group);

-- The last scan of any member of each. Coverage has no architecture of images, so its group is the whole repository.
create or replace temp table successors as
select h.account_id, h.resource_type, h.exposure_group, max(s.last_scanned_at) as last_scanned_at
from groups_here as h
join scanned_groups as s
    on s.account_id = h.account_id and s.resource_type = h.resource_type
    and (s.exposure_group = h.exposure_group
         or (s.exposure_group like 'repository/%' and starts_with(h.exposure_group, s.exposure_group)))
group by 1, 2, 3;

create or replace temp table states as
select night.snapshot_id, j.account_id, night.region, j.resource_type, j.resource_id,
       coalesce(g.exposure_group, j.group_before, j.resource_id) as exposure_group, j.type, j.subject, j.ordinal,
       case when j.several then coalesce(j.finding_arn, j.own_arn) else u.finding_arn end as finding_arn,
       case when j.here and j.open then 'open' when j.here then 'suppressed' when e.cause is not null then 'resolved'
            else j.status_before end as status,
       case when j.here then null else coalesce(e.cause, j.cause_before) end as cause,
       coalesce(j.severity_rank, j.severity_before) as severity_rank,
       coalesce(j.fixable, j.fixable_before) as fixable, coalesce(j.exploitable, j.exploitable_before) as exploitable,
       case when v.checked then v.kev_due is not null else j.kev_before end as kev,
       coalesce(j.first_seen_at, night.began) as first_seen_at,
       -- A finding that was only no longer scanned was never fixed: it keeps its age when it is seen again.
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
       -- The group's last member is gone, and no scanned successor proves yet that the vulnerability is gone too.
       not j.here and coalesce(g.exposure_group, j.group_before, j.resource_id) <> j.resource_id
           and (coalesce(j.waiting, false) or coalesce(e.cause = 'terminated' or (e.cause = 'unknown' and e.uncovered), false))
           and h.subject is null
           and not coalesce(s.last_scanned_at > j.last_seen_at, false)
           and coalesce(j.resolved_at, night.began) > night.began - interval 30 days as waiting,
       coalesce(s.last_scanned_at > j.last_seen_at, false) as succeeded,
       j.here, j.was_here, j.was_resolved, e.cause as ended, coalesce(j.waiting, false) as was_waiting,
       x.since is not null as in_group, h.subject is not null as held,
       j.severity_before, j.fixable_before, j.exploitable_before, j.kev_before, j.status_before, j.findings, j.shared,
       coalesce(j.finding_arn, e.arn_before) as shown_arn,
       coalesce(j.vulnerability_id, e.vulnerability_before) as shown_vulnerability, coalesce(j.title, e.title_before) as shown_title,
       coalesce(j.resource_name, e.name_before) as shown_name,
       case when o.resource_id is not null then o.owner else j.owner_known end as owner,
       u.vulnerability_id, u.title, u.resource_name, u.packages, u.evidence,
       cell.onboarding, v.kev_due, coalesce(v.checked, false) as checked
from joined as j cross join night
left join ended as e using (account_id, resource_type, resource_id, type, subject, ordinal)
left join carried as u using (account_id, resource_type, resource_id, type, subject, ordinal)
left join groups as g using (account_id, resource_type, resource_id)
left join owned as o using (account_id, resource_type, resource_id)
left join cells as cell using (account_id, resource_type, scan_type)
left join vulnerabilities as v on v.vulnerability_id = j.subject
left join exposures as x
    on x.account_id = j.account_id and x.resource_type = j.resource_type and x.type = j.type and x.subject = j.subject
    and x.exposure_group = coalesce(g.exposure_group, j.group_before)
left join holders as h
    on h.account_id = j.account_id and h.resource_type = j.resource_type and h.type = j.type and h.subject = j.subject
    and h.exposure_group = coalesce(g.exposure_group, j.group_before)
left join successors as s
    on s.account_id = j.account_id and s.resource_type = j.resource_type
    and s.exposure_group = coalesce(g.exposure_group, j.group_before)
-- Findings resolved long ago are removed here; older snapshots still have them.
where j.here or j.was_here or coalesce(j.resolved_at, night.began) > night.began - interval 90 days;

create or replace temp table events as
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
    -- Only one of these is kept per group and vulnerability: see group_ends.sql.
    union all
    select *, 'exposure_ended', case when succeeded or ended = 'patched' then 'patched' else cause end from states
    where exposure_group <> resource_id and not held and not waiting and (was_waiting or ended in ('terminated', 'patched'))
)
select night.snapshot_id, night.began as happened_at, h.kind, h.why as cause, h.account_id, night.region, h.resource_type, h.resource_id,
       h.shown_name as resource_name, h.owner, h.exposure_group, h.type, h.subject,
       h.shown_vulnerability as vulnerability_id, h.shown_title as title, h.shown_arn as finding_arn,
       h.severity_rank, h.severity_before, h.opened_at, h.exposed_since, h.first_seen_at, h.reopened, h.ordinal,
       md5(concat_ws('|', night.partition, h.account_id, night.region, h.resource_type, h.resource_id, h.subject,
                     nullif(h.ordinal, 0))) as finding_key,
       md5(concat_ws('|', night.partition, h.account_id, night.region, h.resource_type, h.exposure_group, h.subject)) as exposure_key
from happened as h cross join night;

insert into leaving
select account_id, resource_type, exposure_group, type, subject, exposed_since, resource_id, ordinal, finding_key
from events where kind = 'exposure_ended';

-- Open findings by age, so that overdue findings can be counted under any policy at any time.
create or replace temp table ages as
select s.snapshot_id, s.account_id, s.region, s.resource_type, s.resource_id, s.owner, s.severity_rank,
       cast(make_timestamp(epoch_us(s.exposed_since)) as date) as opened_on, s.kev_due,
       cast(sum(s.findings) as bigint) as findings, cast(sum(s.shared) as bigint) as shared,
       cast(sum(case when s.checked then 0 else s.findings end) as bigint) as unchecked
from states as s
where s.here and s.findings > 0
group by 1, 2, 3, 4, 5, 6, 7, 8, 9;
