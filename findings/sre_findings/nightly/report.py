"""All data of the report of one snapshot. The snapshot is pinned: newer ones do not change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.engine import aggregates
from sre_findings.engine.catalogue import Engine
from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.answer import CoverageAnswer, Proof, SummaryAnswer
from sre_findings.model.findings.open_finding import OpenFinding, Place
from sre_findings.model.sla.age_bands import AgeGrid, age_grid
from sre_findings.model.sla.ages import Ages, Lateness, lateness
from sre_findings.model.sla.policy import Policy
from sre_findings.model.snapshots.partial_reasons import outward
from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.nightly.evidence import Evidence, evidence_of
from sre_findings.nightly.report_findings import open_findings
from sre_findings.nightly.risks import Risk, top_risks
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
from sre_findings.sources.claims import claim_words
from sre_findings.sources.comparability import night_before, not_compared
from sre_findings.sources.sources import Found, Sources, find
from sre_findings.store.snapshots.reader import Commit

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.changes import ChangesAnswer
    from sre_findings.model.answers.fixes import FixesAnswer
    from sre_findings.model.answers.sla import SlaAnswer
    from sre_findings.model.answers.time_to_fix import TimeToFixAnswer
    from sre_findings.model.answers.trend import TrendAnswer

WORST, FIRST, NIGHTS = 10, 7, 90  # resources, upgrades and days that a report shows


class Held(NamedTuple):
    """One resource with its counts and its overdue findings."""

    place: Place
    rollup: Rollup
    lateness: Lateness


@dataclass(frozen=True, slots=True)
class Before:
    """The snapshot compared with: its summary, and its number of findings overdue on its day."""

    summary: SummaryAnswer
    late: int


@dataclass(frozen=True, slots=True)
class Material:
    """The data of one report, for everything or for one owner or account.

    ``owner`` may list several owners. ``findings`` are the first of ``summary.rollup.counts.total``
    findings and can be read only once. ``before`` is None for the first snapshot. ``evidence`` is
    None with restricted access, because it covers all accounts. ``not_compared`` explains why no
    numbers are compared with the earlier snapshot; it is empty if both read everything. ``today``
    is the day for which overdue findings are computed. ``days`` is the age of the snapshot compared
    with, relative to this one. ``claims_known`` is whether the table could be read that has the
    claims of findings.
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
    risks: Sequence[Risk]
    findings: Iterator[OpenFinding]
    evidence: Evidence | None
    not_compared: str = ""
    days: int = 1
    claims_known: bool = True

    @property
    def compared(self) -> Before | None:
        """The earlier snapshot, if its numbers can be compared (see ``sources.comparability``)."""
        before = self.before
        partial = before is not None and {self.proof.state, before.summary.proof.state} != {
            COMPLETE
        }
        return None if partial or self.not_compared else before

    @property
    def proof(self) -> Proof:
        """The provenance of all of the data."""
        return self.summary.proof


def gather(
    sources: Sources,
    as_of: str | None,
    rows: int,
    *,
    owner: str | None = None,
    account: str | None = None,
) -> Material:
    """The data of the snapshot of ``as_of``, by default the newest.

    It has at most ``rows`` findings. With ``owner`` or ``account``, the data is what a user with
    access to that part alone would see. Raises UsageError if there is no snapshot.
    """
    view = Access(frozenset({account or ALL}), frozenset({owner or ALL}))
    return material_of(*seen_night(sources, as_of, view), as_of, rows, owner, account)


def seen_night(sources: Sources, as_of: str | None, view: Access) -> tuple[Sources, Found]:
    """The snapshot of ``as_of`` with the access ``view``, pinned so that newer ones change nothing.

    Raises NoSnapshot if there is none.
    """
    # one time for all data: overdue findings are counted in days, and midnight may pass meanwhile
    moment = sources.now()
    whole = find(sources, as_of)
    seen = replace(sources.seen_by(view), now=lambda: moment)
    here = seen.pinned(_as_seen(whole.commit, seen))
    return here, find(here, as_of)


def _as_seen(commit: Commit, seen: Sources) -> Commit:
    """The commit reduced to a view: the full commit has totals and names of other accounts.

    A report has readers without the scan's credentials, so it has no messages from AWS.
    """
    found = next(one for one in seen.stores.snapshots.commits() if one.sequence == commit.sequence)
    return replace(found, causes=outward(found.causes))


def material_of(
    here: Sources,
    found: Found,
    as_of: str | None,
    rows: int,
    owner: str | None = None,
    account: str | None = None,
    days: int = 1,
) -> Material:
    """The data of a snapshot from ``seen_night``.

    ``owner`` and ``account`` name the part that it covers. The snapshot compared with is ``days``
    days older.
    """
    today = found.commit.started_at.date() if as_of else here.now().date()
    since = night_before(here.stores.snapshots.commits(), found.commit, days)
    moved, claims = _moved(since, found, here), claim_words(here)
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
        risks=top_risks(found.engine, here, as_of),
        findings=open_findings(
            found.engine, here.policy, _new(moved, found, here), rows, claims or {}
        ),
        evidence=evidence_of(found, here) if here.caller.access.everything else None,
        claims_known=claims is not None,
    )  # fmt: skip


def _moved(since: Commit | None, found: Found, here: Sources) -> ChangesAnswer:
    """The changes since a snapshot of an earlier day; no changes if there is none."""
    if since is None:
        alone = len(here.stores.snapshots.commits()) == 1
        return nothing_to_compare(found.commit, found.proof, alone=alone)
    return changes(
        Changes(since.snapshot_id, found.commit.snapshot_id, ("kev_appeared",), count=0), here
    )


def _before(moved: ChangesAnswer, here: Sources) -> Before | None:
    """The snapshot from which the changes are counted."""
    since = moved.facts["since"]
    if not since:
        return None
    found = find(here, since["snapshot_id"])
    return Before(
        summarize(Summary(), found, here),
        sla(Sla("owner", as_of=since["snapshot_id"]), here).facts["late"],
    )


def _new(moved: ChangesAnswer, found: Found, here: Sources) -> frozenset[str]:
    """ARNs of findings that are new or reopened; empty for the first snapshot."""
    since = moved.facts["since"]
    if not since:
        return frozenset()
    commits = here.stores.snapshots.commits()
    first = next(one.sequence for one in commits if one.snapshot_id == since["snapshot_id"])
    engine = here.open([one for one in commits if first < one.sequence <= found.commit.sequence])
    return frozenset(row["finding_arn"] for row in engine.rows("opened_arns"))


def _ages(found: Found, here: Sources) -> Ages:
    if rollup_access.can_read(found, here, ORGANIZATION):
        return dict(rollup_access.ages(found, here, ORGANIZATION)).get(Scope(ORGANIZATION), Ages())
    return aggregates.ages(found.engine).get(Scope(ORGANIZATION), Ages())


def _worst(engine: Engine, policy: Policy, today: date) -> list[Held]:
    """The most vulnerable resources, by critical findings first."""
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
