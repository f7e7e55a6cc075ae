"""Which two nights may be compared: what was not read in one of them would look like something that
was fixed or came.

Every mouth asks here before it states a difference. Events need no such rule: they compare each
cell with its own last complete night.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sre_findings.model.snapshots.certificate import COMPLETE
from sre_findings.model.snapshots.query_scope import ANY, Place
from sre_findings.store.snapshots.reader import Commit

_TOLD = 5
_EVERYWHERE = Place()


def not_read(commit: Commit, place: Place = _EVERYWHERE) -> tuple[str, ...]:
    """What of a place the night did not read; empty where it read all of it."""
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
    """Why no difference of the two nights is stated, as a sentence; empty where both read all of
    the place."""
    told = [
        f"{_list(parts)} not read on {night.started_at:%Y-%m-%d}"
        for night in (then, now)
        if (parts := not_read(night, place))
    ]
    return f"Not compared with {then.started_at:%Y-%m-%d}: {', and '.join(told)}." if told else ""


def night_before(commits: Sequence[Commit], head: Commit, days: int = 1) -> Commit | None:
    """The night that a report of so many days compares with: the newest complete one that is at
    least as many days older, else the newest such one; where the history is shorter, the oldest
    night of an earlier day."""
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
    more = f" and {len(parts) - _TOLD:,} more places" if len(parts) > _TOLD else ""
    return f"{', '.join(parts[:_TOLD])}{more} {'was' if len(parts) == 1 else 'were'}"
