"""What a shard reads after its listings, to find out whether any finding is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sre_findings.inspector.listing import FILTER_VALUES, Inspector
from sre_findings.inspector.retry import Tally
from sre_findings.model.errors import Unreadable
from sre_findings.model.resources.resource import CODE_REPOSITORY, FUNCTION, IMAGE, INSTANCE
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import Listing, Recheck
from sre_scanner.shard.context import ScanContext
from sre_scanner.shard.earlier_listings import absent_findings
from sre_scanner.shard.reconciliation import CountedFindings, Ended, ended_of
from sre_scanner.spool.owners import Key
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import CoverageRows

Record = Callable[[str, Callable[[Tally], None]], Listing]
"""Runs a listing with a name, and returns its outcome."""


@dataclass(slots=True)
class LaterListings:
    """Reads absent findings, and those that changed or were ``closed`` since the scan began.

    ``changed`` and ``ended`` are the outcomes of the latter; None if they were not needed.
    """

    context: ScanContext
    shard: Shard
    inspector: Inspector
    coverage: CoverageRows
    record: Record
    notes: list[str]
    changed: Listing | None = None
    ended: Listing | None = None
    closed: list[Ended] = field(default_factory=list)

    def recheck(self, spool: Spool, evidence: Spool) -> Recheck | None:
        """Requests the findings that an earlier listing has and this one does not have.

        Those that Inspector still returns are added to ``spool``.
        """
        earlier = self.context.earlier.get(self.shard.name)
        if earlier is None:
            return None
        absent = absent_findings(
            self.context.snapshots, earlier, (spool, evidence), self._still_expected()
        )
        arns = [*absent.arns]
        listing = self.record("absent findings", lambda tally: self._requested(spool, arns, tally))
        count = len(arns) + absent.others
        return Recheck(earlier.commit.snapshot_id, count, absent.others, listing)

    def _still_expected(self) -> Callable[[str, Key], bool]:
        """Returns whether a finding must be listed, by its earlier status and its resource."""
        scanned, statuses = self.coverage.scanned(), self.context.plan.statuses
        return lambda status, key: (
            (status in statuses if statuses else status != "CLOSED") and scanned(key)
        )

    def _requested(self, spool: Spool, arns: Sequence[str], tally: Tally) -> None:
        statuses = self.context.plan.statuses
        for first in range(0, len(arns), FILTER_VALUES):
            some = arns[first : first + FILTER_VALUES]
            for page in self.context.checked(self.inspector.findings(statuses, tally, arns=some)):
                spool.add(page)

    def read_changes(self, spool: Spool, counted: CountedFindings, since: datetime) -> None:
        """Reads what is needed to reconcile the listing if anything changed while it was read.

        These are the counts by resource type, which are added to ``counted``, and the findings that
        changed or were closed since.
        """
        self._count_types(counted)
        bounds = since, self.context.now() + timedelta(days=1)
        self.changed = self.record(
            "changed findings", lambda tally: self._add_changed(spool, tally, bounds)
        )
        if "CLOSED" not in self.context.plan.statuses:
            self.ended = self.record(
                "findings closed meanwhile", lambda tally: self._add_ended(tally, bounds)
            )

    def _count_types(self, counted: CountedFindings) -> None:
        """Adds the counts of each resource type in coverage that Inspector can count."""
        try:
            for kind in sorted(self.coverage.types & {INSTANCE, IMAGE, FUNCTION, CODE_REPOSITORY}):
                counted.by_type[kind] = self.inspector.active_counts(Tally(), resourceType=kind)
        except Unreadable as error:
            self.notes.append(f"Inspector's own counts by resource type are unknown: {error}")

    def _add_changed(self, spool: Spool, tally: Tally, bounds: tuple[datetime, datetime]) -> None:
        statuses = self.context.plan.statuses
        for page in self.context.checked(self.inspector.findings(statuses, tally, bounds)):
            spool.add(page)

    def _add_ended(self, tally: Tally, bounds: tuple[datetime, datetime]) -> None:
        for page in self.context.checked(self.inspector.findings(("CLOSED",), tally, bounds)):
            self.closed += map(ended_of, page.findings)
