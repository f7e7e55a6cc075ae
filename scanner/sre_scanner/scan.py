"""A scan from its plan to its commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sre_findings.inspector.client import connect
from sre_findings.inspector.credentials import Who
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.regions import check_region, known_regions, partition_of
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.model.errors import Interrupted, UsageError
from sre_findings.model.resources.owners import Owners
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.model.snapshots.scan_plan import DEFAULT_STATUSES, Expectation, Plan, Shard
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.table import Table
from sre_scanner.commit import commit, roll_up
from sre_scanner.history.writer import Chronicle
from sre_scanner.memory import be_frugal, give_back
from sre_scanner.progress import Progress, Silence
from sre_scanner.shard import Workshop, read_shard

MOST_AT_ONCE = 8
# closed findings are deleted then (user guide, "Understanding findings")
INSPECTOR_FORGETS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Request:
    """What to scan and how. ``required`` regions are those that somebody named; ``rate`` is
    requests a second in each."""

    regions: Sequence[str]
    required: Sequence[str] = ()
    statuses: Sequence[str] = DEFAULT_STATUSES
    expectation: Expectation = field(default_factory=Expectation)
    owners: Owners = field(default_factory=Owners)
    rate: float = 10.0
    deadline: float = 300.0
    profile: Who = None
    notes: Sequence[str] = ()
    caller: str = ""
    account_names: Mapping[str, str] = field(default_factory=dict)
    slot: str = ""


def scan(
    request: Request,
    snapshots: Snapshots,
    table: Table,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Commit:
    """Reads what was asked, commits it and rolls it up. What could not be read makes the snapshot
    partial.

    Where the request is for a slot that has a snapshot, that one is returned and nothing is read:
    the plan takes the next sequence of the very commits that were looked at, so that of two scans
    for one slot at most one commits.

    Raises Unreadable when nothing at all could be read, StoreUnreadable when it cannot be kept,
    CommitLost when another scan was faster, Interrupted when ``stop`` was set. After any of these
    nothing of this scan is visible, and its files are removed as far as the store lets us.
    """
    for leftover in snapshots.leftovers(now()):
        snapshots.discard(leftover)
    plan = make_plan(request, snapshots, now())
    if request.slot and (there := _of_slot(request.slot, snapshots, plan)):
        roll_up(snapshots, table)
        return there
    stop = stop or threading.Event()
    be_frugal()
    shop = Workshop(plan, snapshots, request.owners, progress or Silence(), stop, now)
    # outside: where another scan has this folder, it is not ours to clear
    snapshots.write_plan(plan)
    try:
        inspectors = _inspectors(request, plan, stop)
        _read_shards(shop, inspectors)
        give_back()
        done = commit(Chronicle(snapshots, plan, inspectors.__getitem__), now)
    except BaseException:
        stop.set()
        snapshots.discard(plan.snapshot_id)
        raise
    give_back()
    roll_up(snapshots, table)
    return done


def make_plan(request: Request, snapshots: Snapshots, now: datetime) -> Plan:
    """The plan of a request: a shard a region, the sequence after the newest commit. One snapshot,
    one partition."""
    known = known_regions()
    regions = tuple(dict.fromkeys(check_region(region, known) for region in request.regions))
    if not regions:
        raise UsageError("no region to scan", do="Use --region, or set AWS_REGION.")
    partitions = {partition_of(region) for region in regions}
    if len(partitions) > 1:
        raise UsageError(
            f"one snapshot holds one partition, not {', '.join(sorted(partitions))}",
            do="Scan each apart.",
        )
    latest = snapshots.latest()
    return Plan(
        snapshot_id=snapshots.new_id(now),
        sequence=latest.sequence + 1 if latest else 1,
        created_at=now.isoformat(),
        statuses=tuple(request.statuses),
        shards=tuple(Shard(region, region) for region in regions),
        required_regions=tuple(request.required) or request.expectation.regions,
        expected_accounts=request.expectation.accounts,
        accepted=request.expectation.accepted,
        notes=tuple(request.notes),
        caller=request.caller,
        closed_since=_closed_since(snapshots, now),
        account_names=dict(request.account_names),
        slot=request.slot,
    )


def _of_slot(slot: str, snapshots: Snapshots, plan: Plan) -> Commit | None:
    """The snapshot of a slot among those before the plan's sequence. One that comes later takes
    that sequence itself."""
    return next(
        (one for one in snapshots.commits() if one.slot == slot and one.sequence < plan.sequence),
        None,
    )


def _closed_since(snapshots: Snapshots, now: datetime) -> str:
    """The start of the newest complete night, or of the first that there is; nothing that Inspector
    has forgotten anyway."""
    commits = snapshots.commits()
    base = next(
        (one for one in reversed(commits) if one.state == COMPLETE), commits[0] if commits else None
    )
    # a clock that went back leaves no time for anything to close in
    if base is None or base.started_at >= now:
        return ""
    return max(base.started_at, now - INSPECTOR_FORGETS).isoformat()


def _inspectors(request: Request, plan: Plan, stop: threading.Event) -> dict[str, Inspector]:
    """Inspector in each region, each with a rate limit of its own."""
    patience = Patience(deadline=request.deadline, wait=lambda seconds: _wait(stop, seconds))
    return {
        region: Inspector(
            connect(region, profile=request.profile),
            RateLimit(request.rate, wait=patience.wait),
            patience,
        )
        for region in dict.fromkeys(shard.region for shard in plan.shards)
    }


def _read_shards(shop: Workshop, inspectors: Mapping[str, Inspector]) -> None:
    """Every shard, several at once: regions have rate limits of their own, so they do not wait for
    each other."""
    with ThreadPoolExecutor(
        min(MOST_AT_ONCE, len(shop.plan.shards)), thread_name_prefix="shard"
    ) as pool:
        futures = [
            pool.submit(read_shard, shop, shard, inspectors[shard.region])
            for shard in shop.plan.shards
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            shop.stop.set()
            raise


def _wait(stop: threading.Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise Interrupted
