"""The listings of one shard: account status, findings, closed findings and coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from sre_findings.inspector.listing import ACCOUNT_ID, Inspector
from sre_findings.inspector.retry import Tally
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    Throttled,
    Unreadable,
)
from sre_findings.model.snapshots.cells import cells_of_account
from sre_findings.model.snapshots.scan_plan import Shard
from sre_findings.model.snapshots.shard_facts import (
    ENDED,
    AccountStatus,
    Listing,
    Recheck,
    ShardFacts,
)
from sre_findings.model.snapshots.states import REACHED, Cell
from sre_scanner.memory import release_memory
from sre_scanner.shard.context import ScanContext
from sre_scanner.shard.later_listings import LaterListings
from sre_scanner.shard.parts import SortedFindings
from sre_scanner.shard.reconciliation import (
    CountedFindings,
    Known,
    may_have_drifted,
    reconcile,
)
from sre_scanner.spool.spool import Spool
from sre_scanner.tables.coverage import CoverageRows


class ShardListings:
    """The listings of one shard and their outcomes."""

    def __init__(self, context: ScanContext, shard: Shard, inspector: Inspector) -> None:
        self._context, self._shard, self._inspector = context, shard, inspector
        began = datetime.fromisoformat(context.plan.created_at)
        self.coverage = CoverageRows(
            context.plan.snapshot_id, shard.region, context.owners, began, context.now
        )
        self._accounts: set[str] = set()
        known = context.plan.known_accounts.get(shard.region, ())
        self._beside: set[str] = set(known)  # named by earlier snapshots, as members, or as failed
        self._statuses: list[AccountStatus] = []
        self._notes: list[str] = []
        self._later = LaterListings(
            context, shard, inspector, self.coverage, self._record, self._notes
        )
        self._counts: tuple[CountedFindings, ...] = ()
        self._changed_meanwhile = 0
        self.started = context.now()

    def read(self, spool: Spool, evidence: Spool) -> ShardFacts:
        """Reads all listings; returns their outcomes and what they show about the region.

        Findings are added to ``spool``, recently closed ones to ``evidence``. The account status is
        read first: it takes one request, which shows whether the other listings can succeed.
        """
        own = self._record("status", self._own_status)
        if own.outcome not in (ENDED, "denied"):
            return self._facts(own, own, own, None, None)
        before = self._count()
        findings = self._record("findings", lambda tally: self._findings(spool, tally))
        self._changed_meanwhile = spool.changed
        closed = (
            self._record("closed findings", lambda tally: self._closed(evidence, tally))
            if self._wants_closed
            else None
        )
        coverage = self._record("coverage", self._read_coverage)
        ended = findings.outcome == coverage.outcome == ENDED
        recheck = self._later.recheck(spool, evidence) if ended else None
        after = self._count() if findings.outcome == ENDED else None
        self._counts = tuple(counts for counts in (before, after) if counts is not None)
        if ended and may_have_drifted(spool, self._counts):
            self._later.read_changes(spool, self._counts[-1], self.started)
        self._seal(spool)
        status = self._record("status", self._other_statuses, own)
        return self._facts(findings, coverage, status, closed, recheck)

    def _facts(
        self,
        findings: Listing,
        coverage: Listing,
        status: Listing,
        closed: Listing | None,
        recheck: Recheck | None,
    ) -> ShardFacts:
        silence = self.coverage.silence
        silence.switch_off(self._off())
        return ShardFacts(
            shard=self._shard.name,
            region=self._shard.region,
            started_at=self.started.isoformat(),
            findings=findings,
            coverage=coverage,
            status=status,
            closed=closed,
            recheck=recheck,
            changed=self._later.changed,
            ended=self._later.ended,
            accounts=tuple(self._statuses),
            named=tuple(sorted(self._named)),
            aggregated=tuple(one.totals for one in self._counts),
            changed_meanwhile=self._changed_meanwhile,
            covered=self.coverage.resources,
            uncovered=silence.uncovered,
            doubtful=silence.doubtful,
            proven=silence.proven,
            notes=tuple(self._notes),
        )

    def _off(self) -> Iterator[Cell]:
        """Yields the cells that Inspector does not scan, even if coverage lists them as ACTIVE."""
        for account in self._statuses:
            for cell, state in cells_of_account(account, self._shard.region):
                if state != REACHED:
                    yield cell

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
        self._statuses = list(self._inspector.statuses((), tally, self._beside))

    def _other_statuses(self, tally: Tally) -> None:
        """Reads the status of every known account, and of the scan's own if it is unknown."""
        self._beside.update(self._members())
        if not self._statuses:
            self._own_status(tally)
        wanted = self._named | set(self._context.plan.expected_accounts)
        unknown = wanted - {status.account_id for status in self._statuses}
        missing = sorted(filter(ACCOUNT_ID.fullmatch, unknown))
        if missing:
            self._statuses += self._inspector.statuses(missing, tally)

    @property
    def _named(self) -> set[str]:
        """The accounts in findings, coverage, the list of members and earlier snapshots.

        Also those whose status could not be read.
        """
        return (self._accounts | self.coverage.accounts | self._beside) - {""}

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
            self._seal(spool)

    def _seal(self, spool: Spool) -> None:
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

    def _read_coverage(self, tally: Tally) -> None:
        for page in self._context.checked(self._inspector.coverage(tally)):
            self.coverage.add(page)

    def _count(self) -> CountedFindings | None:
        """Returns Inspector's own counts of findings.

        None if they cannot be read, so that the listing cannot be reconciled with them.
        """
        if not self._context.plan.counts_active:
            return None
        at = self._context.now().timestamp()
        try:
            counted = CountedFindings(at, self._inspector.active_counts(Tally()))
        except Unreadable as error:
            self._notes.append(f"Inspector's own counts are unknown: {error}")
            return None
        self._context.progress.expect(self._shard.region, counted.totals["all"])
        return counted

    def reconciled(self, facts: ShardFacts, findings: SortedFindings) -> ShardFacts:
        """Returns ``facts`` with the comparison of the listing with Inspector's counts."""
        if not self._counts:
            return facts
        known, short = reconcile(self._counts, Known(findings, self._later.closed))
        return replace(facts, known=known, short=short)


def _outcome(error: Unreadable) -> str:
    """Returns the outcome of a listing that did not end, as one word."""
    words = {
        AccessDenied: "denied",
        CredentialsInvalid: "credentials_invalid",
        Throttled: "throttled",
        Rejected: "rejected",
    }
    return words.get(type(error), "unreachable")
