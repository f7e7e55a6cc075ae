"""A scan, from its plan to its commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
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
from sre_findings.model.snapshots.gaps import regions_read
from sre_findings.model.snapshots.scan_plan import DEFAULT_STATUSES, Expectation, Plan, Shard
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.commit import commit, roll_up
from sre_scanner.history.writer import HistoryWriter
from sre_scanner.known_accounts import known_accounts
from sre_scanner.memory import reduce_memory, release_memory, sparing_older_objects
from sre_scanner.progress import Progress, Silence
from sre_scanner.shard.context import ScanContext
from sre_scanner.shard.earlier_listings import earlier_listings
from sre_scanner.shard.reader import read_shard

MOST_AT_ONCE = 8
# Inspector deletes closed findings after this time (user guide, "Understanding findings").
INSPECTOR_FORGETS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Request:
    """What to scan and how.

    ``required`` regions were named explicitly. ``rate`` is the limit of requests per second in each
    region.
    """

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
    snapshots: SnapshotWriter,
    table: Table,
    *,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Commit:
    """Reads what was requested, commits it and writes its rollups.

    Anything that could not be read makes the snapshot partial. If the request is for a slot that
    already has a snapshot, returns that commit and reads nothing. The plan takes the sequence
    number after the commits that were checked, so that of two scans for one slot at most one
    commits.

    Raises Unreadable if nothing at all could be read, StoreUnreadable if the snapshot cannot be
    stored, CommitLost if another scan committed first, and Interrupted if ``stop`` was set. After
    any of these, nothing of this scan is visible, and its files are removed as far as the store
    allows.
    """
    for leftover in snapshots.leftovers(now()):
        snapshots.discard(leftover)
    plan = make_plan(request, snapshots, now())
    if request.slot and (there := _of_slot(request.slot, snapshots, plan)):
        roll_up(snapshots, table)
        return there
    stop = stop or threading.Event()
    reduce_memory()
    context = ScanContext(
        plan,
        snapshots,
        request.owners,
        progress or Silence(),
        stop,
        now,
        earlier_listings(snapshots, plan),
    )
    with sparing_older_objects():
        done = _committed(request, context)
    roll_up(snapshots, table)
    return done


def _committed(request: Request, context: ScanContext) -> Commit:
    """Reads the shards of the plan and commits them. Removes its files if that fails."""
    plan, snapshots = context.plan, context.snapshots
    # This is outside of the try: if another scan uses this folder, its files must not be removed.
    snapshots.write_plan(plan)
    try:
        inspectors = _inspectors(request, plan, context.stop)
        _read_shards(context, inspectors)
        release_memory()
        done = commit(HistoryWriter(snapshots, plan, inspectors.__getitem__), context.now)
    except BaseException:
        context.stop.set()
        snapshots.discard(plan.snapshot_id)
        raise
    release_memory()
    return done


def make_plan(request: Request, snapshots: SnapshotWriter, now: datetime) -> Plan:
    """Returns the plan of a request: one shard per region, in one partition.

    It has the sequence number after the newest commit.
    """
    known = known_regions()
    regions = tuple(dict.fromkeys(check_region(region, known) for region in request.regions))
    if not regions:
        raise UsageError("no region to scan", do="Use --region, or set AWS_REGION.")
    partitions = {partition_of(region) for region in regions}
    if len(partitions) > 1:
        raise UsageError(
            f"a snapshot covers one partition, not {', '.join(sorted(partitions))}",
            do="Run one scan per partition.",
        )
    latest = snapshots.latest()
    accounts, gone = known_accounts(snapshots, latest, request.account_names)
    return Plan(
        snapshot_id=snapshots.new_id(now),
        sequence=latest.sequence + 1 if latest else 1,
        created_at=now.isoformat(),
        statuses=tuple(request.statuses),
        shards=tuple(Shard(region, region) for region in regions),
        required_regions=tuple(request.required) or request.expectation.regions,
        expected_accounts=request.expectation.accounts,
        accepted=request.expectation.accepted,
        notes=(*request.notes, *gone),
        caller=request.caller,
        closed_since=_closed_since(snapshots, now),
        account_names=dict(request.account_names),
        slot=request.slot,
        known_accounts=accounts,
        unplanned_regions=_unplanned(regions, latest, snapshots),
    )


def _unplanned(
    regions: Collection[str], latest: Commit | None, snapshots: SnapshotWriter
) -> tuple[str, ...]:
    """Returns the regions that the previous snapshot knows and this plan does not read.

    They are of the same partition, because a store can hold several.
    """
    if latest is None:
        return ()
    known = regions_read(snapshots.manifest(latest).certificate.cells)
    partition = partition_of(next(iter(regions)))
    return tuple(sorted(one for one in known - {*regions} if partition_of(one) == partition))


def _of_slot(slot: str, snapshots: SnapshotWriter, plan: Plan) -> Commit | None:
    """Returns the snapshot of a slot among the commits before the plan's sequence number.

    A later one would have taken that number.
    """
    return next(
        (one for one in snapshots.commits() if one.slot == slot and one.sequence < plan.sequence),
        None,
    )


def _closed_since(snapshots: SnapshotWriter, now: datetime) -> str:
    """Returns the start of the newest complete snapshot, or of the first if none is complete.

    It is not earlier than Inspector keeps closed findings. Empty if there is no snapshot.
    """
    commits = snapshots.commits()
    base = next(
        (one for one in reversed(commits) if one.state == COMPLETE), commits[0] if commits else None
    )
    # The clock went back, so nothing can have closed since then.
    if base is None or base.started_at >= now:
        return ""
    return max(base.started_at, now - INSPECTOR_FORGETS).isoformat()


def _inspectors(request: Request, plan: Plan, stop: threading.Event) -> dict[str, Inspector]:
    """Returns a client for Inspector in each region, each with its own rate limit."""
    patience = Patience(deadline=request.deadline, wait=lambda seconds: _wait(stop, seconds))
    return {
        region: Inspector(
            connect(region, profile=request.profile),
            RateLimit(request.rate, wait=patience.wait),
            patience,
        )
        for region in dict.fromkeys(shard.region for shard in plan.shards)
    }


def _read_shards(context: ScanContext, inspectors: Mapping[str, Inspector]) -> None:
    """Reads all shards, several at once.

    Each region has its own rate limit, so they do not slow each other down.
    """
    with ThreadPoolExecutor(
        min(MOST_AT_ONCE, len(context.plan.shards)), thread_name_prefix="shard"
    ) as pool:
        futures = [
            pool.submit(read_shard, context, shard, inspectors[shard.region])
            for shard in context.plan.shards
        ]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            context.stop.set()
            raise


def _wait(stop: threading.Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise Interrupted
