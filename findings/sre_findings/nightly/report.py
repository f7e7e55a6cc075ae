"""Everything that the page of a night tells, asked at once of one snapshot: whoever commits
meanwhile changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.engine import aggregates
from sre_findings.engine.catalogue import Engine
from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.answer import CoverageAnswer, Proof, SummaryAnswer
from sre_findings.model.errors import UsageError
from sre_findings.model.findings.open_finding import OpenFinding, Place
from sre_findings.model.sla.age_bands import AgeGrid, age_grid
from sre_findings.model.sla.ages import Ages, Lateness, lateness
from sre_findings.model.sla.policy import Policy
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.nightly.evidence import Evidence, evidence_of
from sre_findings.nightly.page_rows import open_findings
from sre_findings.queries.changes import changes, nothing_to_compare
from sre_findings.queries.coverage import coverage_of_snapshot
from sre_findings.queries.fixes import fixes
from sre_findings.queries.sla import sla, time_to_fix
from sre_findings.queries.summary import summarize
from sre_findings.queries.trend import trend
from sre_findings.questions.estate import Summary
from sre_findings.questions.history import Changes, Sla, TimeToFix, Trend
from sre_findings.questions.remediation import Fixes
from sre_findings.sources import rollup_access
from sre_findings.sources.comparability import night_before, not_compared
from sre_findings.sources.pinned_snapshots import PinnedSnapshots
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.snapshots.reader import Commit

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.changes import ChangesAnswer
    from sre_findings.model.answers.fixes import FixesAnswer
    from sre_findings.model.answers.sla import SlaAnswer
    from sre_findings.model.answers.time_to_fix import TimeToFixAnswer
    from sre_findings.model.answers.trend import TrendAnswer

WORST, FIRST, NIGHTS = 10, 7, 90  # resources, fixes and days that a page shows


class Held(NamedTuple):
    """One resource, what it holds, and how late that is."""

    place: Place
    rollup: Rollup
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class Before:
    """The night that a page compares with: its summary, and how many findings were late on its
    day."""

    summary: SummaryAnswer
    late: int


@dataclass(frozen=True, slots=True)
class Material:
    """One night as its page tells it, of everything or of one owner or account.

    ``owner`` names several where it tells of several. ``findings`` are the worst of
    ``summary.rollup.counts.total``, to be read once. ``before`` is None on a first night,
    ``evidence`` for who sees a part of the estate, for it tells of all. ``not_compared`` says why
    no number is compared with that night's, empty where both read everything. ``today`` is the day
    that lateness is computed for, ``days`` how far back the night is that it is compared with.
    """

    owner: str | None
    account: str | None
    today: date
    policy: Policy
    summary: SummaryAnswer
    before: Before | None
    resources: Sequence[Held]
    accounts: SummaryAnswer
    owners: SummaryAnswer
    late: SlaAnswer
    late_by_account: SlaAnswer
    ages: AgeGrid
    coverage: CoverageAnswer
    changes: ChangesAnswer
    trend: TrendAnswer
    time_to_fix: TimeToFixAnswer
    fixes: FixesAnswer
    findings: Iterator[OpenFinding]
    evidence: Evidence | None
    not_compared: str = ""
    days: int = 1

    @property
    def compared(self) -> Before | None:
        """The night before, if its numbers may be compared with this one's (see ask.compared)."""
        before = self.before
        partial = before is not None and {self.proof.state, before.summary.proof.state} != {
            COMPLETE
        }
        return None if partial or self.not_compared else before

    @property
    def proof(self) -> Proof:
        """Where all of it comes from."""
        return self.summary.proof


def gather(
    sources: Sources,
    as_of: str | None,
    rows: int,
    *,
    owner: str | None = None,
    account: str | None = None,
) -> Material:
    """The night of ``as_of``, the newest by default, with at most ``rows`` of its findings.

    A part of the estate is told as to somebody who may see that part alone. Raises UsageError
    without a snapshot.
    """
    view = Access(frozenset({account or ALL}), frozenset({owner or ALL}))
    return material_of(*seen_night(sources, as_of, view), as_of, rows, owner, account)


def seen_night(sources: Sources, as_of: str | None, view: Access) -> tuple[Sources, Found]:
    """The night of ``as_of`` as somebody sees it who may see ``view`` alone, held: whoever commits
    meanwhile changes nothing.

    Raises UsageError without a snapshot.
    """
    # one for all: midnight may pass meanwhile, and lateness is counted in days
    moment = sources.now()
    whole = find(sources, as_of)
    if whole is None:
        raise UsageError("there is no snapshot yet", do="Run: sre-cli scan (or sre-cli demo).")
    seen = replace(sources.seen_by(view), now=lambda: moment)
    here = replace(
        seen,
        snapshots=PinnedSnapshots(
            seen.snapshots.blobs, seen.snapshots, _as_seen(whole.commit, seen)
        ),
    )
    found = find(here, as_of)
    assert found is not None  # noqa: S101 - it was there a moment ago, and is pinned
    return here, found


def _as_seen(commit: Commit, seen: Sources) -> Commit:
    """The commit as a view sees it: the whole one has totals and names of others."""
    return next(one for one in seen.snapshots.commits() if one.sequence == commit.sequence)


def material_of(
    here: Sources,
    found: Found,
    as_of: str | None,
    rows: int,
    owner: str | None = None,
    account: str | None = None,
    days: int = 1,
) -> Material:
    """Everything of a night that ``seen_night`` found; ``owner`` and ``account`` are the names of
    the part that it is of, and ``days`` how far back the night is that it is compared with."""
    today = found.commit.started_at.date() if as_of else here.now().date()
    since = night_before(here.snapshots.commits(), found.commit, days)
    moved = _moved(since, found, here)
    return Material(
        owner, account, today, here.policy,
        summary=summarize(Summary(), found, here),
        before=_before(moved, here),
        not_compared=not_compared(since, found.commit) if since else "", days=days,
        resources=_worst(found.engine, here.policy, today),
        accounts=summarize(Summary(by="account"), found, here),
        owners=summarize(Summary(by="owner"), found, here),
        late=sla(Sla("owner", as_of=as_of), here),
        late_by_account=sla(Sla("account", as_of=as_of), here),
        ages=age_grid(_ages(found, here), here.policy, today),
        coverage=coverage_of_snapshot(found),
        changes=moved,
        trend=trend(Trend(NIGHTS, as_of=as_of), here),
        time_to_fix=time_to_fix(TimeToFix(days=NIGHTS, as_of=as_of), here),
        fixes=fixes(Fixes(count=FIRST, as_of=as_of), here),
        findings=open_findings(found.engine, here.policy, _new(moved, found, here), rows),
        evidence=evidence_of(found, here) if here.access.everything else None,
    )  # fmt: skip


def _moved(since: Commit | None, found: Found, here: Sources) -> ChangesAnswer:
    """What happened since the night of an earlier day. A page of a day is not compared with the
    same day."""
    if since is None:
        return nothing_to_compare(found.commit, here)
    return changes(
        Changes(since.snapshot_id, found.commit.snapshot_id, ("kev_appeared",), count=0), here
    )


def _before(moved: ChangesAnswer, here: Sources) -> Before | None:
    """The night that the changes are counted from."""
    since = moved.facts["since"]
    if not since:
        return None
    found = find(here, since["snapshot_id"])
    if found is None:
        return None
    return Before(
        summarize(Summary(), found, here),
        sla(Sla("owner", as_of=since["snapshot_id"]), here).facts["late"],
    )


def _new(moved: ChangesAnswer, found: Found, here: Sources) -> frozenset[str]:
    """ARNs of what came since the night before; none on a first night."""
    since = moved.facts["since"]
    if not since:
        return frozenset()
    commits = here.snapshots.commits()
    first = next(one.sequence for one in commits if one.snapshot_id == since["snapshot_id"])
    engine = here.open([one for one in commits if first < one.sequence <= found.commit.sequence])
    return frozenset(row["finding_arn"] for row in engine.rows("opened_arns"))


def _ages(found: Found, here: Sources) -> Ages:
    if rollup_access.can_read(found, here, ORGANIZATION):
        return dict(rollup_access.ages(found, here, ORGANIZATION)).get(Scope(ORGANIZATION), Ages())
    return aggregates.ages(found.engine).get(Scope(ORGANIZATION), Ages())


def _worst(engine: Engine, policy: Policy, today: date) -> list[Held]:
    """The resources that hold most, critical first."""
    rows = engine.rows("by_resource", **aggregates.EVERY | {"count": WORST})
    ages = aggregates.resource_ages(engine, [row["value"] for row in rows])
    held = []
    for row in rows:
        place = Place(
            row["value"],
            row["resource_type"],
            row["name"] or "",
            row["account_id"],
            row["region"],
            "",
        )
        of_it = ages.get((place.resource_id, place.account_id, place.region), Ages())
        held.append(Held(place, Rollup.counted(row), lateness(of_it, policy, today)))
    return held
