-- The history of one region: compares a snapshot with the last known state of each finding. Shows what is new, what
-- changed, what is gone and why.
--
-- A region is processed in ranges of resources, so that no step needs memory for all of it: region.sql once, matches.sql
-- for each range, bulk_losses.sql once, events.sql for each range, group_ends.sql once.
--
-- Input: night (one row: snapshot_id, began, partition, region), cell_states (account_id, resource_type, scan_type, state),
-- tonight_packages, tonight_coverage, tonight_resources, vulnerabilities, cells_before, packages_before. By range, and with
-- the prefix every_ for the whole region: tonight_findings, closed (findings that Inspector closed since), before (states),
-- findings_before.
-- Output: events, states, cells, ages, as described in docs/schema.md.

-- The current coverage of each resource, one row per scan type.
create temp table covered as
select account_id, resource_type, resource_id, scan_type,
       bool_and(status = 'ACTIVE' and reason = 'SUCCESSFUL') as scanned,
       bool_or(reason = 'RESOURCE_TERMINATED') as terminated,
       max(last_scanned_at) as last_scanned_at, min(exposure_group) as exposure_group,
       min(name) as name
from tonight_coverage
group by 1, 2, 3, 4;

create temp table covered_resources as
select account_id, resource_type, resource_id, bool_and(terminated) as terminated, min(name) as name
from covered group by 1, 2, 3;

-- The current owner of each resource, the same in all rows about it; null if it is unassigned.
create temp table owned as
select account_id, resource_type, resource_id, min(owner) as owner
from (select account_id, resource_type, resource_id, owner from tonight_coverage
      union all select account_id, resource_type, resource_id, owner from tonight_resources) as named
group by 1, 2, 3;

-- Every account, resource type and scan type in use, with its state: its own, or that of the rest of its account (for a
-- type without a switch, or if a listing did not end), or that of an unknown account. Otherwise it was not read.
create temp table cells as
with every as (
    select account_id, resource_type, scan_type from cell_states where resource_type <> '*'
    union select account_id, resource_type, scan_type from cells_before
    union select distinct coalesce(account_id, ''), coalesce(resource_type, ''),
          case coalesce(type, '') when 'NETWORK_REACHABILITY' then 'NETWORK' when 'CODE_VULNERABILITY' then 'CODE' else 'PACKAGE' end
    from every_tonight_findings where status is distinct from 'CLOSED'
), states_of as (
    select every.*, coalesce(own.state, rest.state, anybody.state, 'unreachable') as state
    from every
    left join cell_states as own using (account_id, resource_type, scan_type)
    left join cell_states as rest on rest.account_id = every.account_id and rest.resource_type = '*'
    left join cell_states as anybody on anybody.account_id = '*'
)
select night.snapshot_id, night.region, s.account_id, s.resource_type, s.scan_type, s.state,
       case when s.state = 'reached' then night.began else b.complete_at end as complete_at,
       -- The first complete snapshot of it, or the first after it was off or unread for as long as Inspector keeps findings.
       -- A cell that is not read keeps this for its next complete snapshot.
       b.complete_at is null or b.state in ('disabled', 'not_opted_in')
           or (b.state <> 'reached' and b.onboarding)
           or b.complete_at < night.began - interval 30 days as onboarding
from states_of as s cross join night
left join cells_before as b using (account_id, resource_type, scan_type);

create temp table groups as
select account_id, resource_type, resource_id, min(exposure_group) as exposure_group from tonight_resources group by 1, 2, 3;

-- Groups with scanned members: a successor that is not vulnerable ends the group's exposure.
create temp table scanned_groups as
select account_id, resource_type, exposure_group, max(last_scanned_at) as last_scanned_at
from covered where scanned and exposure_group <> resource_id group by 1, 2, 3;

-- What each resource had and lost, counted by range.
create temp table losses (
    account_id text, resource_type text, resource_id text, scan_type text, lost bigint, had bigint
);

-- The missing members of a group that may have been the last.
create temp table leaving (
    account_id text, resource_type text, exposure_group text, type text, subject text, exposed_since timestamptz,
    resource_id text, ordinal integer, finding_key text
);
