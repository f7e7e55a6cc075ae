"""The data of a digest for some owners: the report's data, and the changes since the last snapshot.

Only events count as changes. Inspector's own changes to a finding are not events, and findings of
newly onboarded resources are not new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from sre_findings.model.access import ALL, Access
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.freshness import age
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso_date
from sre_findings.nightly.leads import Lead, leads
from sre_findings.nightly.report import Material, material_of, seen_night
from sre_findings.queries import ask
from sre_findings.queries.coverage import coverage_of_snapshot
from sre_findings.questions.claims import Claims
from sre_findings.rows.values import severity_word
from sre_findings.sources.places import check_owners
from sre_findings.sources.resource_labels import resource_labels
from sre_findings.sources.sources import Found, Sources, find, find_any

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.answers.claims import ClaimItem

LISTED = 20  # listed events of each kind
_NAMES, _NAME = 3, 24  # number of owners in a title, and maximum characters of each
_LISTED_KINDS = (
    "opened",
    "reopened",
    "resolved",
    "severity_raised",
    "kev_appeared",
    "fix_appeared",
    "exploit_appeared",
)
SPEAKING = (*_LISTED_KINDS, "unsuppressed")
"""Kinds of events that are worth reporting: with one of them, a digest is not quiet."""
_OPENED = ("opened", "reopened")
_OLD = ("onboarding", "successor")  # causes of events of findings that existed before


class Onboarded(NamedTuple):
    """The resources and findings of an account that were seen for the first time."""

    account_id: str
    name: str
    resources: int
    findings: int


class EventCount(NamedTuple):
    """The number of events of one kind, cause, severity, exposure and KEV status."""

    kind: str
    cause: str | None
    severity: str
    exposed: bool
    kev: bool
    events: int


class EventRow(TypedDict):
    """One event as a digest lists it.

    ``severity_before`` is set if the severity changed. ``exposed`` means internet-facing, ``kev``
    in the KEV catalog. ``resource_name`` has account and region if several resources have the name.
    """

    kind: str
    cause: str | None
    severity: str | None
    severity_before: str | None
    vulnerability_id: str | None
    subject: str | None
    title: str | None
    account_id: str
    region: str
    resource_type: str
    resource_id: str
    resource_name: str | None
    owner: str | None
    finding_arn: str
    finding_key: str
    exposed: bool
    kev: bool


class Gap(NamedTuple):
    """A coverage gap with its reason: a resource, or with ``whole`` a resource type in a region."""

    account_id: str
    region: str
    what: str
    scan_type: str
    reason: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class DigestData:
    """One snapshot for some owners, or for all owners if ``owners`` holds ``*``.

    ``event_counts`` has the events since the snapshot that ``material`` is compared with, without
    those of onboarded or rebuilt resources. ``listed`` has the most important events of each kind.
    ``gaps`` are the current coverage gaps, ``opened_gaps`` and ``closed_gaps`` the differences to
    that snapshot. ``leads`` are the first of ``lead_count`` new vulnerabilities that are critical
    or in KEV. ``lapsed`` are the claims that have lapsed since that snapshot, while their findings
    are open; None if the table cannot be read.
    """

    owners: tuple[str, ...]
    material: Material
    event_counts: Sequence[EventCount]
    listed: Mapping[str, Sequence[EventRow]]
    onboarded: Sequence[Onboarded]
    gaps: Sequence[Gap]
    opened_gaps: Sequence[Gap]
    closed_gaps: Sequence[Gap]
    leads: Sequence[Lead] = ()
    lead_count: int = 0
    lapsed: Sequence[ClaimItem] | None = ()

    def count(self, *kinds: str) -> int:
        """The number of events of these kinds."""
        return sum(one.events for one in self.event_counts if one.kind in kinds)

    def opened_count(self, *, severity: str = "", exposed: bool = False, kev: bool = False) -> int:
        """The number of new and reopened findings.

        They are limited to a severity, to internet-facing resources and to the KEV catalog, if set.
        """
        return sum(
            one.events
            for one in self.event_counts
            if one.kind in _OPENED
            and severity in ("", one.severity)
            and one.exposed >= exposed
            and one.kev >= kev
        )

    @property
    def new_kev(self) -> int:
        """The number of open findings added to KEV, plus that of new and reopened KEV findings."""
        return self.count("kev_appeared") + self.opened_count(kev=True)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to report."""
        changed = self.count(*SPEAKING) or self.onboarded or self.opened_gaps or self.closed_gaps
        return self.material.before is not None and not changed and not self.lapsed


@dataclass(frozen=True, slots=True)
class Silence:
    """There is nothing to report: no snapshot, or the newest is stale or has been reported already.

    ``last`` and ``last_complete`` are the start times of the newest snapshot and of the newest
    complete one. ``day`` is today; the message is sent once a day. ``in_future`` is true if the
    newest starts in the future.
    """

    day: str
    last: datetime | None
    last_complete: datetime | None
    in_future: bool = False


def digest_data(
    sources: Sources, as_of: str | None, owners: Sequence[str], days: int = 1
) -> DigestData | Silence:
    """The snapshot of ``as_of``, by default the newest, for some owners, with the changes.

    The changes are those of the last ``days`` days. Returns Silence if there is no fresh snapshot.
    Raises UsageError if an owner does not exist.
    """
    whole = find_any(sources, as_of)
    if whole is None or whole.proof.too_old:
        return silence(sources)
    check_owners(whole, [owner for owner in owners if owner != ALL])
    here, found = seen_night(sources, as_of, Access(frozenset({ALL}), frozenset(owners)))
    material = material_of(here, found, as_of, 0, named(owners) or None, days=days)
    return _digest_data(here, found, material, tuple(owners))


def named(owners: Sequence[str]) -> str:
    """The owners, shortened so that a title has room for the numbers; empty for all owners."""
    names = [
        owner if len(owner) <= _NAME else f"{owner[: _NAME - 1]}…"
        for owner in owners
        if owner != ALL
    ]
    more = [f"{len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return ", ".join([*names[:_NAMES], *more])


def silence(sources: Sources) -> Silence:
    """The times of the newest snapshot and the newest complete one."""
    commits = sources.stores.snapshots.commits()
    complete = [one.started_at for one in commits if one.state == COMPLETE]
    now = sources.now()
    last = commits[-1].started_at if commits else None
    return Silence(
        iso_date(now),
        last,
        complete[-1] if complete else None,
        in_future=last is not None and age(last, now) is None,
    )


def _digest_data(
    here: Sources, found: Found, material: Material, owners: tuple[str, ...]
) -> DigestData:
    commits = here.stores.snapshots.commits()
    before = _before(here, material)
    since = before.commit.sequence if before else found.commit.sequence - 1
    engine = here.open([one for one in commits if since < one.sequence <= found.commit.sequence])
    counts = (
        [
            _event_count(row)
            for row in engine.rows("digest_event_counts")
            if row["cause"] not in _OLD
        ]
        if before
        else []
    )
    some = {one.kind for one in counts}.intersection(_LISTED_KINDS)
    now, then = set(_gaps(found)), set(_gaps(before)) if before else None
    # nothing is new in a first snapshot
    first, lead_count = leads(engine, here, material.today) if before else ((), 0)
    return DigestData(
        owners,
        material,
        counts,
        listed={
            kind: _listed(engine.rows("digest_events", kinds=[kind], count=LISTED), engine)
            for kind in sorted(some)
        },
        onboarded=[_onboarded(row, found) for row in engine.rows("onboarded_resources")],
        gaps=sorted(now),
        opened_gaps=sorted(now - then) if then is not None else (),
        closed_gaps=sorted(then - now) if then is not None else (),
        leads=first,
        lead_count=lead_count,
        lapsed=_lapsed(here, material, before) if before else (),
    )


def _lapsed(here: Sources, material: Material, before: Found) -> Sequence[ClaimItem] | None:
    """The claims that ended since the day of an earlier snapshot, while their findings are open."""
    try:
        claims = ask(Claims(count=0), here).items
    except StoreUnreadable:
        return None
    since, today = before.commit.started_at.date(), material.today
    days = range(since.toordinal(), today.toordinal())
    return [
        one
        for one in claims
        if one["state"] == "lapsed" and date.fromisoformat(one["until"]).toordinal() in days
    ]


def _before(here: Sources, material: Material) -> Found | None:
    """The snapshot from which changes are counted."""
    since = material.changes.facts["since"]
    return find(here, since["snapshot_id"]) if since else None


def _event_count(row: Mapping[str, Any]) -> EventCount:
    severity = severity_word(row["severity_rank"]) or ""
    return EventCount(
        row["kind"],
        row["cause"],
        severity,
        bool(row["exposed"]),
        bool(row["kev"]),
        int(row["events"]),
    )


def _listed(rows: Sequence[Mapping[str, Any]], engine: Engine) -> list[EventRow]:
    return [*map(_event, rows, resource_labels(rows, engine))]


def _event(row: Mapping[str, Any], label: str) -> EventRow:
    return {
        "kind": row["kind"],
        "cause": row["cause"],
        "severity": severity_word(row["severity_rank"]),
        "severity_before": severity_word(row["severity_before"]),
        "vulnerability_id": row["vulnerability_id"],
        "subject": row["subject"],
        "title": row["title"],
        "account_id": row["account_id"],
        "region": row["region"],
        "resource_type": row["resource_type"],
        "resource_id": row["resource_id"],
        "resource_name": label,
        "owner": row["owner"],
        "finding_arn": row["finding_arn"],
        "finding_key": row["finding_key"],
        "exposed": row["exposed"],
        "kev": row["kev"],
    }


def _onboarded(row: Mapping[str, Any], found: Found) -> Onboarded:
    name = found.commit.account_names.get(row["account_id"], "")
    return Onboarded(row["account_id"], name, int(row["resources"]), int(row["findings"]))


def _gaps(found: Found) -> Iterable[Gap]:
    """Coverage gaps of a snapshot: resources, and cells that were not read at all."""
    covered = coverage_of_snapshot(found)
    yield from (_gap(row) for row in covered.gaps)
    yield from (Gap(*one.cell, one.state, whole=True) for one in covered.cells)


def _gap(row: Coverage) -> Gap:
    return Gap(row.account_id, row.region, row.name or row.resource_id, row.scan_type, row.reason)
