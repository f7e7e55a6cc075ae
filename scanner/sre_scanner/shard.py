"""One shard: reads everything of one region.

Writes it as parts with a record of what was read.
"""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Tally
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Interrupted,
    Rejected,
    Throttled,
    Unreadable,
)
from sre_findings.model.findings.severity import rank
from sre_findings.model.resources.owners import Claim, Owners
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import ENDED, AccountStatus, Listing, Part, ShardFacts
from sre_findings.store.schema.tables import (
    CLOSED,
    COVERAGE,
    DETAILS,
    FINDINGS,
    NAMES,
    PACKAGES,
    RESOURCES,
)
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.memory import release_memory
from sre_scanner.progress import Progress
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import Sorted, put_in_order
from sre_scanner.spool.owners import Key, owners_of
from sre_scanner.spool.rows import Spool
from sre_scanner.spool.unknown_values import add_bounded, counted_words
from sre_scanner.tables.coverage import CoverageRows, ResourceNames
from sre_scanner.tables.details import Dimensions
from sre_scanner.tables.findings import Columns
from sre_scanner.tables.names import names_tables
from sre_scanner.tables.parts import writing
from sre_scanner.tables.resources import resources_table

ROW_GROUP = 32_768
PART_GROUPS = 32  # at most a million rows per part

_COUNTED = ("critical", "high", "medium")


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What all shards of a scan share. Setting ``stop`` ends each of them at its next page."""

    plan: Plan
    snapshots: SnapshotWriter
    owners: Owners
    progress: Progress
    stop: threading.Event
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def checked(self, pages: Iterable[Any]) -> Iterator[Any]:
        """Yields the pages. Raises Interrupted once the scan has been stopped."""
        for page in pages:
            if self.stop.is_set():
                raise Interrupted
            yield page


def read_shard(context: ScanContext, shard: Shard, inspector: Inspector) -> ShardFacts:
    """Reads the shard, writes its parts and its record, and returns the record.

    A listing that fails is recorded with its reason, and the other listings continue. Only store
    errors and Interrupted are raised.
    """
    reading = _Reading(context, shard, inspector)
    with closing(Spool(reading.started.timestamp())) as spool, closing(Spool()) as closed:
        facts = reading.listings(spool, closed)
        parts = (
            *_findings_parts(context, shard, spool, reading),
            *_closed_part(context, shard, closed),
        )
        facts = replace(facts, parts=parts, **reading.counted)
    facts = replace(facts, ended_at=context.now().isoformat())
    context.snapshots.write_shard(context.plan.snapshot_id, facts)
    return facts


class _Reading:
    """The listings of one shard and their outcomes."""

    def __init__(self, context: ScanContext, shard: Shard, inspector: Inspector) -> None:
        self._context, self._shard, self._inspector = context, shard, inspector
        began = datetime.fromisoformat(context.plan.created_at)
        self._rows = CoverageRows(
            context.plan.snapshot_id, shard.region, context.owners, began, context.now
        )
        self._accounts: set[str] = set()
        self._administered: tuple[str, ...] = ()
        self._statuses: list[AccountStatus] = []
        self._notes: list[str] = []
        self.started = context.now()
        self.counted: dict[str, Any] = {}

    @property
    def claims(self) -> dict[Key, Claim]:
        """The owner claims of coverage, by resource."""
        return self._rows.claims

    @property
    def called(self) -> Mapping[Key, ResourceNames]:
        """The names in coverage, by resource."""
        return self._rows.called

    @property
    def unknown(self) -> Counter[str]:
        """The counts of unknown fields in coverage."""
        return self._rows.unknown

    def listings(self, spool: Spool, evidence: Spool) -> ShardFacts:
        """Reads the account status, then the other listings.

        The status takes one request, which shows whether the other listings can succeed.
        """
        own = self._record("status", self._own_status)
        if own.outcome not in (ENDED, "denied"):
            return self._facts(own, own, own, None, ())
        before = self._aggregated()
        findings = self._record("findings", lambda tally: self._findings(spool, tally))
        closed = (
            self._record("closed findings", lambda tally: self._closed(evidence, tally))
            if self._wants_closed
            else None
        )
        coverage = self._record("coverage", self._coverage)
        after = self._aggregated() if findings.outcome == ENDED else None
        status = self._record("status", self._other_statuses, own)
        aggregated = tuple(counts for counts in (before, after) if counts is not None)
        return self._facts(findings, coverage, status, closed, aggregated)

    def _facts(
        self,
        findings: Listing,
        coverage: Listing,
        status: Listing,
        closed: Listing | None,
        aggregated: tuple[dict[str, int], ...],
    ) -> ShardFacts:
        silence = self._rows.silence
        return ShardFacts(
            shard=self._shard.name,
            region=self._shard.region,
            started_at=self.started.isoformat(),
            findings=findings,
            coverage=coverage,
            status=status,
            closed=closed,
            accounts=tuple(self._statuses),
            named=tuple(sorted(self._named)),
            aggregated=aggregated,
            covered=self._rows.resources,
            uncovered=silence.uncovered,
            doubtful=silence.doubtful,
            proven=silence.proven,
            notes=tuple(self._notes),
        )

    def _record(
        self, name: str, read: Callable[[Tally], None], earlier: Listing | None = None
    ) -> Listing:
        """Runs one listing and returns its outcome.

        The counts of ``earlier`` requests of the same kind are added.
        """
        tally = (
            Tally(
                earlier.pages,
                earlier.items,
                earlier.empty_pages,
                earlier.throttles,
                earlier.retries,
            )
            if earlier
            else Tally()
        )
        outcome, detail = ENDED, ""
        try:
            read(tally)
        except Unreadable as error:
            outcome, detail = _outcome(error), str(error)
            self._context.progress.trouble(self._shard.region, f"{name}: {error}")
        return Listing(
            outcome,
            detail,
            tally.pages,
            tally.items,
            tally.empty_pages,
            tally.throttles,
            tally.retries,
        )

    def _own_status(self, tally: Tally) -> None:
        self._statuses = list(self._inspector.statuses((), tally))

    def _other_statuses(self, tally: Tally) -> None:
        """Reads the status of the administered accounts, the accounts seen and those expected."""
        self._administered = tuple(self._members())
        wanted = self._named | set(self._context.plan.expected_accounts)
        missing = sorted(wanted - {status.account_id for status in self._statuses} - {""})
        if missing:
            self._statuses += self._inspector.statuses(missing, tally)

    @property
    def _named(self) -> set[str]:
        """The accounts named in findings, in coverage and in the list of members."""
        return (self._accounts | self._rows.accounts | set(self._administered)) - {""}

    def _members(self) -> list[str]:
        """Returns the member accounts.

        An account that administers none gets an error from Inspector, which is not a gap.
        """
        try:
            return list(self._inspector.members(Tally()))
        except (AccessDenied, Rejected) as error:
            self._notes.append(f"the member accounts are unknown: {error}")
            return []

    def _findings(self, spool: Spool, tally: Tally) -> None:
        try:
            for page in self._context.checked(
                self._inspector.findings(self._context.plan.statuses, tally)
            ):
                spool.add(page)
                self._context.progress.advance(self._shard.region, len(page.findings))
        finally:
            spool.seal()
            release_memory()
            self._accounts = {kind.account_id for kind in spool.kinds.in_order() if kind.account_id}

    @property
    def _wants_closed(self) -> bool:
        """Whether to read the findings closed since the previous snapshot, as evidence.

        If the plan includes CLOSED, they are read as findings anyway.
        """
        return bool(self._context.plan.closed_since) and "CLOSED" not in self._context.plan.statuses

    def _closed(self, evidence: Spool, tally: Tally) -> None:
        """Reads what closed between the previous snapshot and the start of this scan.

        This interval does not change while pages are read.
        """
        plan = self._context.plan
        bounds = (
            datetime.fromisoformat(plan.closed_since),
            datetime.fromisoformat(plan.created_at),
        )
        for page in self._context.checked(self._inspector.findings(("CLOSED",), tally, bounds)):
            evidence.add(page)
        evidence.seal()

    def _coverage(self, tally: Tally) -> None:
        for page in self._context.checked(self._inspector.coverage(tally)):
            self._rows.add(page)

    def coverage_part(self, owners: Mapping[Key, str | None]) -> tuple[Part, ...]:
        """Writes the rows of coverage with the owners of their resources."""
        table = self._rows.table(owners)
        return _one_part(
            self._context, f"coverage/part-{self._shard.name}.parquet", COVERAGE, [table]
        )

    def _aggregated(self) -> dict[str, int] | None:
        """Returns Inspector's own counts of findings.

        None if they cannot be read, so that the listing cannot be reconciled with them.
        """
        if not self._context.plan.counts_active:
            return None
        try:
            counts = self._inspector.active_counts(Tally())
        except Unreadable as error:
            self._notes.append(f"Inspector's own counts are unknown: {error}")
            return None
        self._context.progress.expect(self._shard.region, counts["all"])
        return counts


def _outcome(error: Unreadable) -> str:
    """Returns the outcome of a listing that did not end, as one word."""
    words = {
        AccessDenied: "denied",
        CredentialsInvalid: "credentials_invalid",
        Throttled: "throttled",
        Rejected: "rejected",
    }
    return words.get(type(error), "unreachable")


def _findings_parts(
    context: ScanContext, shard: Shard, spool: Spool, reading: _Reading
) -> tuple[Part, ...]:
    """Sorts the spooled findings and writes them; counts go to ``reading.counted``."""
    rows = spool.rows()
    found = identify(spool.texts["resources"], context.owners)
    where = put_in_order(spool, rows, found)
    reading.counted = {
        "distinct": len(rows) - where.duplicates,
        "duplicates": where.duplicates,
        "listed": _listed(spool, where),
        "changed_meanwhile": spool.changed,
        "unknown": _unknown(spool, rows, reading),
    }
    place = (context.plan.snapshot_id, shard.region)
    shared = Dimensions(spool)
    owned = owners_of(spool, rows, found, where, reading.claims, context.owners)
    columns = Columns(spool, rows, found, shared, place, owned)
    resources = resources_table(spool, found, where, place, owned)
    released = functools.partial(_released, spool=spool)
    parts = [
        *reading.coverage_part(owned.every),
        *_one_part(
            context,
            f"names/part-{shard.name}.parquet",
            NAMES,
            names_tables(spool, found, where, place, owned, reading.called),
        ),
        *_one_part(
            context,
            f"details/part-{shard.name}.parquet",
            DETAILS,
            released(shared.details_tables(*place)),
        ),
        *_one_part(
            context,
            f"packages/part-{shard.name}.parquet",
            PACKAGES,
            released(shared.packages_tables(*place)),
        ),
    ]
    cuts = row_groups(where.resource) or [(0, 0)]  # a part without rows still has the columns
    for number, groups in enumerate(
        cuts[i : i + PART_GROUPS] for i in range(0, len(cuts), PART_GROUPS)
    ):
        tables = released(columns.table(where, start, stop) for start, stop in groups)
        parts += _one_part(
            context, f"findings/part-{shard.name}-{number:05d}.parquet", FINDINGS, tables
        )
    return (
        *parts,
        *_one_part(context, f"resources/part-{shard.name}.parquet", RESOURCES, [resources]),
    )


def _unknown(spool: Spool, rows: npt.NDArray[Any], reading: _Reading) -> dict[str, int]:
    """Returns the counts of fields and values that are not known."""
    counts: Counter[str] = Counter()
    for some in (spool.unknown, counted_words(spool, rows), reading.unknown):
        add_bounded(counts, some)
    return dict(counts)


def _closed_part(context: ScanContext, shard: Shard, spool: Spool) -> tuple[Part, ...]:
    """Writes recently closed findings, as evidence of why findings are gone.

    Returns no part if there are none.
    """
    rows = spool.rows()
    if not len(rows):
        return ()
    place = (context.plan.snapshot_id, shard.region)
    found = identify(spool.texts["resources"], context.owners)
    where = put_in_order(spool, rows, found)
    owned = owners_of(spool, rows, found, where, {}, context.owners)
    columns = Columns(spool, rows, found, Dimensions(spool), place, owned)
    tables = (
        columns.table(where, *group).select(CLOSED.names) for group in row_groups(where.resource)
    )
    return _one_part(context, f"closed/part-{shard.name}.parquet", CLOSED, tables)


def _released(tables: Iterable[pa.Table], spool: Spool) -> Iterator[pa.Table]:
    """Yields the tables.

    The memory used for one is released before the next, so that only one row group of a million
    findings is in memory.
    """
    for table in tables:
        spool.release()
        pa.default_memory_pool().release_unused()
        yield table


def _one_part(
    context: ScanContext, key: str, schema: pa.Schema, tables: Iterable[pa.Table]
) -> tuple[Part, ...]:
    with writing(context.snapshots.blobs, context.plan.snapshot_id, key, schema) as writer:
        for table in context.checked(tables):
            writer.write(table)
    return (writer.part,) if writer.part else ()


def _listed(spool: Spool, where: Sorted) -> dict[str, int]:
    """Returns the number of ACTIVE findings listed, without duplicates, by severity.

    The severities are those that Inspector counts as well.
    """
    by_kind = np.bincount(where.kind[where.position == 0], minlength=len(spool.kinds))
    kinds = zip(spool.kinds.in_order(), by_kind, strict=True)
    active = [(rank(kind.severity), int(n)) for kind, n in kinds if kind.status == "ACTIVE"]
    counted = {name: sum(n for place, n in active if place == i) for i, name in enumerate(_COUNTED)}
    return {"all": sum(n for _, n in active)} | counted


def row_groups(resource: npt.NDArray[np.int64], size: int = ROW_GROUP) -> list[tuple[int, int]]:
    """Returns ranges of at most ``size`` rows that end between two resources.

    A range ends within a resource if it would otherwise be less than half full.
    """
    ends = np.append(np.flatnonzero(np.diff(resource)) + 1, len(resource))
    cuts, start = [], 0
    while start < len(resource):
        limit = start + size
        inside = (
            int(ends[np.searchsorted(ends, limit, side="right") - 1]) if ends[0] <= limit else 0
        )
        stop = min(inside if inside >= start + size // 2 else limit, len(resource))
        cuts.append((start, stop))
        start = stop
    return cuts
