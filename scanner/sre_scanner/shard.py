"""One shard: everything of one region, read page by page into parts and a record of what was
seen."""

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
from sre_findings.store.schema import (
    CLOSED,
    COVERAGE,
    DETAILS,
    FINDINGS,
    NAMES,
    PACKAGES,
    RESOURCES,
)
from sre_findings.store.snapshots import Snapshots
from sre_scanner.memory import give_back
from sre_scanner.progress import Progress
from sre_scanner.spool.identities import identify
from sre_scanner.spool.order import Sorted, put_in_order
from sre_scanner.spool.owners import Key, whose
from sre_scanner.spool.rows import Spool
from sre_scanner.spool.unknown_values import add_bounded, counted_words
from sre_scanner.tables.coverage import Called, CoverageRows
from sre_scanner.tables.details import Dimensions
from sre_scanner.tables.findings import Columns
from sre_scanner.tables.names import named
from sre_scanner.tables.parts import writing
from sre_scanner.tables.resources import tally

ROW_GROUP = 32_768
PART_GROUPS = 32  # a part holds at most a million rows

_COUNTED = ("critical", "high", "medium")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every shard of one scan shares. ``stop`` ends all of them at their next page."""

    plan: Plan
    snapshots: Snapshots
    owners: Owners
    progress: Progress
    stop: threading.Event
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def checked(self, pages: Iterable[Any]) -> Iterator[Any]:
        """The pages, until somebody stops the scan."""
        for page in pages:
            if self.stop.is_set():
                raise Interrupted
            yield page


def read_shard(shop: Workshop, shard: Shard, inspector: Inspector) -> ShardFacts:
    """Reads the shard to its end, writes its parts and its record, and returns the record.

    A listing that fails is recorded with its reason, and the others go on; only store errors and
    Interrupted come out.
    """
    reading = _Reading(shop, shard, inspector)
    with closing(Spool(reading.started.timestamp())) as spool, closing(Spool()) as closed:
        facts = reading.listings(spool, closed)
        parts = (*_findings_parts(shop, shard, spool, reading), *_closed_part(shop, shard, closed))
        facts = replace(facts, parts=parts, **reading.counted)
    facts = replace(facts, ended_at=shop.now().isoformat())
    shop.snapshots.write_shard(shop.plan.snapshot_id, facts)
    return facts


class _Reading:
    """The listings of one shard, each recorded as it went."""

    def __init__(self, shop: Workshop, shard: Shard, inspector: Inspector) -> None:
        self._shop, self._shard, self._inspector = shop, shard, inspector
        began = datetime.fromisoformat(shop.plan.created_at)
        self._rows = CoverageRows(shop.plan.snapshot_id, shard.region, shop.owners, began, shop.now)
        self._accounts: set[str] = set()
        self._administered: tuple[str, ...] = ()
        self._statuses: list[AccountStatus] = []
        self._notes: list[str] = []
        self.started = shop.now()
        self.counted: dict[str, Any] = {}

    @property
    def claims(self) -> dict[Key, Claim]:
        """What coverage says of whose each resource is."""
        return self._rows.claims

    @property
    def called(self) -> Mapping[Key, Called]:
        """What coverage calls each resource."""
        return self._rows.called

    @property
    def unknown(self) -> Counter[str]:
        """Fields of coverage that we do not know, counted."""
        return self._rows.unknown

    def listings(self, spool: Spool, evidence: Spool) -> ShardFacts:
        """Status first, which costs one request and tells whether the rest is worth asking; then
        all the rest."""
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
        """Runs one listing and says how it went; ``earlier`` requests of the same kind count
        too."""
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
            self._shop.progress.trouble(self._shard.region, f"{name}: {error}")
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
        """The accounts that this one administers, those that were seen, and those that were
        expected."""
        self._administered = tuple(self._members())
        wanted = self._named | set(self._shop.plan.expected_accounts)
        missing = sorted(wanted - {status.account_id for status in self._statuses} - {""})
        if missing:
            self._statuses += self._inspector.statuses(missing, tally)

    @property
    def _named(self) -> set[str]:
        """The accounts that findings, coverage and the list of members name."""
        return (self._accounts | self._rows.accounts | set(self._administered)) - {""}

    def _members(self) -> list[str]:
        """Member accounts; an account that administers none is refused, which is no gap."""
        try:
            return list(self._inspector.members(Tally()))
        except (AccessDenied, Rejected) as error:
            self._notes.append(f"member accounts are not known: {error}")
            return []

    def _findings(self, spool: Spool, tally: Tally) -> None:
        try:
            for page in self._shop.checked(
                self._inspector.findings(self._shop.plan.statuses, tally)
            ):
                spool.add(page)
                self._shop.progress.advance(self._shard.region, len(page.findings))
        finally:
            spool.seal()
            give_back()
            self._accounts = {kind.account_id for kind in spool.kinds.in_order() if kind.account_id}

    @property
    def _wants_closed(self) -> bool:
        """Whether closings since the night before are to be read as evidence; they are findings
        where CLOSED was asked."""
        return bool(self._shop.plan.closed_since) and "CLOSED" not in self._shop.plan.statuses

    def _closed(self, evidence: Spool, tally: Tally) -> None:
        """What closed since the night before, up to when the scan began: a bound that does not move
        while pages are read."""
        plan = self._shop.plan
        bounds = (
            datetime.fromisoformat(plan.closed_since),
            datetime.fromisoformat(plan.created_at),
        )
        for page in self._shop.checked(self._inspector.findings(("CLOSED",), tally, bounds)):
            evidence.add(page)
        evidence.seal()

    def _coverage(self, tally: Tally) -> None:
        for page in self._shop.checked(self._inspector.coverage(tally)):
            self._rows.add(page)

    def coverage_part(self, owners: Mapping[Key, str | None]) -> tuple[Part, ...]:
        """The rows of coverage, written with the owners of their resources."""
        table = self._rows.table(owners)
        return _one_part(self._shop, f"coverage/part-{self._shard.name}.parquet", COVERAGE, [table])

    def _aggregated(self) -> dict[str, int] | None:
        """Inspector's own counts; None where it does not give them, which leaves the listing
        unreconciled."""
        if not self._shop.plan.counts_active:
            return None
        try:
            counts = self._inspector.active_counts(Tally())
        except Unreadable as error:
            self._notes.append(f"Inspector's own counts are not known: {error}")
            return None
        self._shop.progress.expect(self._shard.region, counts["all"])
        return counts


def _outcome(error: Unreadable) -> str:
    """One word for a listing that did not end."""
    words = {
        AccessDenied: "denied",
        CredentialsInvalid: "credentials_invalid",
        Throttled: "throttled",
        Rejected: "rejected",
    }
    return words.get(type(error), "unreachable")


def _findings_parts(
    shop: Workshop, shard: Shard, spool: Spool, reading: _Reading
) -> tuple[Part, ...]:
    """Sorts what was spooled and writes it; what was counted on the way goes to
    ``reading.counted``."""
    rows = spool.rows()
    found = identify(spool.texts["resources"], shop.owners)
    where = put_in_order(spool, rows, found)
    reading.counted = {
        "distinct": len(rows) - where.duplicates,
        "duplicates": where.duplicates,
        "listed": _listed(spool, where),
        "changed_meanwhile": spool.changed,
        "unknown": _unknown(spool, rows, reading),
    }
    place = (shop.plan.snapshot_id, shard.region)
    shared = Dimensions(spool)
    owned = whose(spool, rows, found, where, reading.claims, shop.owners)
    columns = Columns(spool, rows, found, shared, place, owned)
    resources = tally(spool, found, where, place, owned)
    released = functools.partial(_released, spool=spool)
    parts = [
        *reading.coverage_part(owned.every),
        *_one_part(
            shop,
            f"names/part-{shard.name}.parquet",
            NAMES,
            named(spool, found, where, place, owned, reading.called),
        ),
        *_one_part(
            shop,
            f"details/part-{shard.name}.parquet",
            DETAILS,
            released(shared.details_tables(*place)),
        ),
        *_one_part(
            shop,
            f"packages/part-{shard.name}.parquet",
            PACKAGES,
            released(shared.packages_tables(*place)),
        ),
    ]
    cuts = row_groups(where.resource) or [(0, 0)]  # a part of no rows still tells its columns
    for number, groups in enumerate(
        cuts[i : i + PART_GROUPS] for i in range(0, len(cuts), PART_GROUPS)
    ):
        tables = released(columns.table(where, start, stop) for start, stop in groups)
        parts += _one_part(
            shop, f"findings/part-{shard.name}-{number:05d}.parquet", FINDINGS, tables
        )
    return (
        *parts,
        *_one_part(shop, f"resources/part-{shard.name}.parquet", RESOURCES, [resources]),
    )


def _unknown(spool: Spool, rows: npt.NDArray[Any], reading: _Reading) -> dict[str, int]:
    """What we do not understand, counted."""
    counts: Counter[str] = Counter()
    for some in (spool.unknown, counted_words(spool, rows), reading.unknown):
        add_bounded(counts, some)
    return dict(counts)


def _closed_part(shop: Workshop, shard: Shard, spool: Spool) -> tuple[Part, ...]:
    """Findings that closed lately, as evidence of why others are gone; none where none was asked
    for."""
    rows = spool.rows()
    if not len(rows):
        return ()
    place = (shop.plan.snapshot_id, shard.region)
    found = identify(spool.texts["resources"], shop.owners)
    where = put_in_order(spool, rows, found)
    owned = whose(spool, rows, found, where, {}, shop.owners)
    columns = Columns(spool, rows, found, Dimensions(spool), place, owned)
    tables = (
        columns.table(where, *group).select(CLOSED.names) for group in row_groups(where.resource)
    )
    return _one_part(shop, f"closed/part-{shard.name}.parquet", CLOSED, tables)


def _released(tables: Iterable[pa.Table], spool: Spool) -> Iterator[pa.Table]:
    """The tables, each with everything that making it took given back: of a million findings, one
    row group is in memory."""
    for table in tables:
        spool.release()
        pa.default_memory_pool().release_unused()
        yield table


def _one_part(
    shop: Workshop, key: str, schema: pa.Schema, tables: Iterable[pa.Table]
) -> tuple[Part, ...]:
    with writing(shop.snapshots.blobs, shop.plan.snapshot_id, key, schema) as writer:
        for table in shop.checked(tables):
            writer.write(table)
    return (writer.part,) if writer.part else ()


def _listed(spool: Spool, where: Sorted) -> dict[str, int]:
    """ACTIVE findings as they were listed, by the severities that Inspector counts itself,
    duplicates left out."""
    by_kind = np.bincount(where.kind[where.position == 0], minlength=len(spool.kinds))
    kinds = zip(spool.kinds.in_order(), by_kind, strict=True)
    active = [(rank(kind.severity), int(n)) for kind, n in kinds if kind.status == "ACTIVE"]
    counted = {name: sum(n for place, n in active if place == i) for i, name in enumerate(_COUNTED)}
    return {"all": sum(n for _, n in active)} | counted


def row_groups(resource: npt.NDArray[np.int64], size: int = ROW_GROUP) -> list[tuple[int, int]]:
    """Cuts of at most ``size`` rows, between two resources where that does not leave a group less
    than half full."""
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
