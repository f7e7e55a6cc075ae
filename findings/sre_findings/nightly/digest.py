"""What a night has to say to those who answer for some owners: what the page tells, and what
happened since the night before.

Only events speak: what Inspector changes of a finding by itself is none, and what is seen for the
first time is old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from sre_findings.model.access import ALL, Access
from sre_findings.model.resources.coverage import Coverage
from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.nightly.report import Material, material_of, seen_night
from sre_findings.queries.coverage import coverage_of_snapshot
from sre_findings.rows.values import severity_word
from sre_findings.sources.places import within
from sre_findings.sources.sources import Found, Sources, find

LISTED = 20  # events of a kind
_NAMES, _NAME = 3, 24  # owners in a title, and characters of each
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
"""Kinds of events that end a quiet night."""
_CAME = ("opened", "reopened")
_OLD = ("onboarding", "successor")  # causes of events of what was there before


class Onboarded(NamedTuple):
    """What was seen for the first time in an account: its number, its name, and how much that
    is."""

    account_id: str
    name: str
    resources: int
    findings: int


class Counted(NamedTuple):
    """So many events of one kind, and what makes them matter."""

    kind: str
    cause: str | None
    severity: str
    exposed: bool
    kev: bool
    events: int


class Happened(TypedDict):
    """One event as a digest lists it. ``severity_before`` is set if the severity changed;
    ``exposed`` means reachable from the internet, ``kev`` listed by CISA."""

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
    """What is not scanned for something, and why: a resource, or ``whole`` kinds of them in a
    region of an account."""

    account_id: str
    region: str
    what: str
    scan_type: str
    reason: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class DigestData:
    """One night for some owners, all of them where ``owners`` holds ``*``.

    ``counted`` are the events since the night that the material is compared with, those of what is
    seen for the first time left out; ``listed`` the worst of each kind. ``gaps`` are what is not
    scanned now, ``opened_gaps`` and ``closed_gaps`` how that changed.
    """

    owners: tuple[str, ...]
    material: Material
    counted: Sequence[Counted]
    listed: Mapping[str, Sequence[Happened]]
    onboarded: Sequence[Onboarded]
    gaps: Sequence[Gap]
    opened_gaps: Sequence[Gap]
    closed_gaps: Sequence[Gap]

    def count(self, *kinds: str) -> int:
        """How many events there are of these kinds."""
        return sum(one.events for one in self.counted if one.kind in kinds)

    def came(self, *, severity: str = "", exposed: bool = False, kev: bool = False) -> int:
        """How many findings came, new ones and those that came back: of a severity, on the
        internet, on CISA's list."""
        return sum(
            one.events
            for one in self.counted
            if one.kind in _CAME
            and severity in ("", one.severity)
            and one.exposed >= exposed
            and one.kev >= kev
        )

    @property
    def new_kev(self) -> int:
        """Findings that CISA lists since tonight, and new ones of what it lists."""
        return self.count("kev_appeared") + self.came(kev=True)

    @property
    def quiet(self) -> bool:
        """Whether nothing happened that anybody must know of."""
        told = self.count(*SPEAKING) or self.onboarded or self.opened_gaps or self.closed_gaps
        return self.material.before is not None and not told


@dataclass(frozen=True, slots=True)
class Silence:
    """There is no night to tell of: the newest snapshot, and the newest complete one, are too old
    or told, or there are none.

    ``day`` is today, by which it is told once a day.
    """

    day: str
    last: datetime | None
    last_complete: datetime | None


def digest_data(
    sources: Sources, as_of: str | None, owners: Sequence[str], days: int = 1
) -> DigestData | Silence:
    """The night of ``as_of``, the newest by default, for some owners, and what changed within so
    many days.

    Raises UsageError for an owner of nothing.
    """
    whole = find(sources, as_of)
    if whole is None or whole.proof.too_old:
        return silence(sources)
    within(whole, Place(owners=[owner for owner in owners if owner != ALL]))
    here, found = seen_night(sources, as_of, Access(frozenset({ALL}), frozenset(owners)))
    material = material_of(here, found, as_of, 0, named(owners) or None, days=days)
    return _told(here, found, material, tuple(owners))


def named(owners: Sequence[str]) -> str:
    """The owners in a title's length, so that the numbers behind them stay on it; empty for all of
    them."""
    names = [
        owner if len(owner) <= _NAME else f"{owner[: _NAME - 1]}…"
        for owner in owners
        if owner != ALL
    ]
    more = [f"{len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return ", ".join([*names[:_NAMES], *more])


def silence(sources: Sources) -> Silence:
    """That there is nothing new, and since when."""
    commits = sources.snapshots.commits()
    complete = [one.started_at for one in commits if one.state == COMPLETE]
    day = sources.now().date().isoformat()
    return Silence(
        day, commits[-1].started_at if commits else None, complete[-1] if complete else None
    )


def _told(here: Sources, found: Found, material: Material, owners: tuple[str, ...]) -> DigestData:
    commits = here.snapshots.commits()
    before = _before(here, material)
    since = before.commit.sequence if before else found.commit.sequence - 1
    engine = here.open([one for one in commits if since < one.sequence <= found.commit.sequence])
    counts = (
        [_counted(row) for row in engine.rows("happened_counts") if row["cause"] not in _OLD]
        if before
        else []
    )
    some = {one.kind for one in counts}.intersection(_LISTED_KINDS)
    now, then = set(_gaps(found)), set(_gaps(before)) if before else None
    return DigestData(
        owners,
        material,
        counts,
        listed={
            kind: [*map(_listed, engine.rows("happened", kinds=[kind], count=LISTED))]
            for kind in sorted(some)
        },
        onboarded=[_onboarded(row, found) for row in engine.rows("onboarded")],
        gaps=sorted(now),
        opened_gaps=sorted(now - then) if then is not None else (),
        closed_gaps=sorted(then - now) if then is not None else (),
    )


def _before(here: Sources, material: Material) -> Found | None:
    """The night that the changes are counted from."""
    since = material.changes.facts["since"]
    return find(here, since["snapshot_id"]) if since else None


def _counted(row: Mapping[str, Any]) -> Counted:
    severity = severity_word(row["severity_rank"]) or ""
    return Counted(
        row["kind"],
        row["cause"],
        severity,
        bool(row["exposed"]),
        bool(row["kev"]),
        int(row["events"]),
    )


def _listed(row: Mapping[str, Any]) -> Happened:
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
        "resource_name": row["resource_name"],
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
    """What the night does not scan: resources, and cells that were not reached as a whole."""
    covered = coverage_of_snapshot(found)
    yield from (_gap(row) for row in covered.gaps)
    yield from (
        Gap(account, region, kind, scan, state, whole=True)
        for account, region, kind, scan, state in covered.cells
    )


def _gap(row: Coverage) -> Gap:
    return Gap(row.account_id, row.region, row.name or row.resource_id, row.scan_type, row.reason)
