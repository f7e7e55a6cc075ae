"""Decides which two snapshots can be compared.

Findings that one of them did not read would look resolved or new, so every interface calls this
module before it shows a difference. Events need no such check: each cell is compared with its own
last complete scan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sre_findings.model.snapshots.gaps import ANY, Gap
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.snapshots.states import COMPLETE, NOT_OPTED_IN, PARTIAL, REACHED
from sre_findings.model.timestamps import iso_date
from sre_findings.sources.places import known_of
from sre_findings.sources.sources import Found
from sre_findings.store.snapshots.reader import Commit

UNREAD = "unread"
_LISTED = 5
_EVERYWHERE = Place()


def reading(found: Found, place: Place) -> str:
    """Whether the snapshot read all of a place (complete), a part of it (partial), or none.

    An accepted gap leaves a place complete, unless it was read before or is all of the place.
    """
    gaps = [
        gap
        for gap in found.commit.gaps
        if place.touches((gap.account_id, gap.region, gap.resource_type))
    ]
    partial = bool(not_read(found.commit, place)) or any(gap.was_read for gap in gaps)
    if not partial and not gaps:
        return COMPLETE
    touched = [states for spot, states in known_of(found).spots.items() if place.touches(spot)]
    if touched and not any(states & {REACHED, NOT_OPTED_IN} for states in touched):
        return UNREAD
    return PARTIAL if partial else COMPLETE


def not_read(commit: Commit, place: Place = _EVERYWHERE) -> tuple[str, ...]:
    """The parts of a place that the snapshot did not read; empty if it read all of it.

    Gaps that a scope file accepts leave a snapshot complete.
    """
    if commit.state == COMPLETE:
        return ()
    return _parts(commit.gaps, place) if commit.gaps else ("a part of the data",)


def _parts(gaps: Iterable[Gap], place: Place) -> tuple[str, ...]:
    touched = {
        (gap.region, gap.account_id)
        for gap in gaps
        if place.touches((gap.account_id, gap.region, gap.resource_type))
    }
    whole = {region for region, account in touched if account == ANY}
    return tuple(
        dict.fromkeys(
            region if region in whole else f"account {account} in {region}"
            for region, account in sorted(touched)
        )
    )


def not_compared(then: Commit, now: Commit, place: Place = _EVERYWHERE) -> str:
    """A sentence that explains why two snapshots are not compared; empty if they can be.

    They can be compared if both read all of the place, or have the same accepted gaps in it.
    """
    missing = [
        f"{_list(parts)} not read on {iso_date(one.started_at)}"
        for one, other in ((then, now), (now, then))
        if (parts := not_read(one, place) or _parts(_only(one, other), place))
    ]
    return (
        f"Not compared with {iso_date(then.started_at)}: {', and '.join(missing)}."
        if missing
        else ""
    )


def _only(one: Commit, other: Commit) -> list[Gap]:
    """The gaps of a snapshot that another one does not have."""
    cells = {gap.cell for gap in other.gaps}
    return [gap for gap in one.gaps if gap.cell not in cells]


def night_before(commits: Sequence[Commit], head: Commit, days: int = 1) -> Commit | None:
    """The snapshot that a report compares with; None if there is none of an earlier day.

    It is the newest complete snapshot that is at least ``days`` days older, or else the newest such
    snapshot. If the history is shorter, it is the oldest snapshot of an earlier day.
    """
    last = head.started_at.date() - timedelta(days=days)
    before = [
        one
        for one in commits
        if one.sequence < head.sequence and one.started_at.date() < head.started_at.date()
    ]
    earlier = [one for one in before if one.started_at.date() <= last] or before[:1]
    complete = [one for one in earlier if one.state == COMPLETE]
    return next(reversed(complete or earlier), None)


def _list(parts: Sequence[str]) -> str:
    more = f" and {len(parts) - _LISTED:,} more places" if len(parts) > _LISTED else ""
    return f"{', '.join(parts[:_LISTED])}{more} {'was' if len(parts) == 1 else 'were'}"
