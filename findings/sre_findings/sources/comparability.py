"""Decides which two snapshots can be compared.

Findings that one of them did not read would look resolved or new, so every interface calls this
module before it shows a difference. Events need no such check: each cell is compared with its own
last complete scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sre_findings.model.snapshots.query_scope import ANY, Place
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso_date
from sre_findings.store.snapshots.reader import Commit

_LISTED = 5
_EVERYWHERE = Place()


def not_read(commit: Commit, place: Place = _EVERYWHERE) -> tuple[str, ...]:
    """The parts of a place that the snapshot did not read; empty if it read all of it."""
    if commit.state == COMPLETE:
        return ()
    if not commit.gaps:
        return ("a part of the data",)
    gaps = sorted(
        {
            (region, account)
            for account, region, kind, _, _ in commit.gaps
            if place.touches((account, region, kind))
        }
    )
    whole = {region for region, account in gaps if account == ANY}
    return tuple(
        dict.fromkeys(
            region if region in whole else f"account {account} in {region}"
            for region, account in gaps
        )
    )


def not_compared(then: Commit, now: Commit, place: Place = _EVERYWHERE) -> str:
    """A sentence that explains why two snapshots are not compared; empty if they can be.

    They can be compared if both read all of the place.
    """
    missing = [
        f"{_list(parts)} not read on {iso_date(night.started_at)}"
        for night in (then, now)
        if (parts := not_read(night, place))
    ]
    return (
        f"Not compared with {iso_date(then.started_at)}: {', and '.join(missing)}."
        if missing
        else ""
    )


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
