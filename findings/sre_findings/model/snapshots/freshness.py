"""The age of a snapshot, and freshness: the age of the newest complete one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sre_findings.model.snapshots.states import COMPLETE

AHEAD = timedelta(minutes=5)
"""How far another machine's clock may be ahead.

A snapshot further in the future would never become stale, so its age is unknown.
"""

STALE = "the snapshot is stale"
IN_FUTURE = "the snapshot starts in the future: check the clocks"


def age(started_at: datetime, now: datetime) -> timedelta | None:
    """The age of a snapshot, at least zero; None if it starts more than AHEAD in the future."""
    past = now - started_at
    return None if past < -AHEAD else max(past, timedelta())


def doubt(age: timedelta | None, limit: timedelta) -> str:
    """Why a snapshot of this age is not fresh, as a clause; empty if it is."""
    if age is None:
        return IN_FUTURE
    return STALE if age > limit else ""


class Dated(Protocol):
    """A snapshot: its ID, when its scan began, and whether it is complete."""

    @property
    def snapshot_id(self) -> str:
        """The snapshot's ID."""
        ...

    @property
    def started_at(self) -> datetime:
        """When the scan began. The snapshot's data may be this old."""
        ...

    @property
    def state(self) -> str:
        """``complete`` or ``partial``."""
        ...


@dataclass(frozen=True, slots=True)
class Freshness:
    """``hours`` since the newest complete snapshot began, and its ID; None if there is none.

    ``partial_nights`` counts the later UTC days with partial snapshots.
    """

    hours: float | None
    snapshot_id: str | None
    partial_nights: int

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def freshness(snapshots: Sequence[Dated], now: datetime) -> Freshness:
    """The freshness of snapshots in commit order.

    A snapshot without an age is ignored.
    """
    known = [one for one in snapshots if age(one.started_at, now) is not None]
    complete = next((one for one in reversed(known) if one.state == COMPLETE), None)
    after = known[known.index(complete) + 1 :] if complete else known
    nights = {one.started_at.astimezone(UTC).date() for one in after}
    if complete is None:
        return Freshness(None, None, len(nights))
    nights.discard(complete.started_at.astimezone(UTC).date())
    passed = age(complete.started_at, now) or timedelta()
    hours = passed.total_seconds() / 3600
    return Freshness(round(hours, 2), complete.snapshot_id, len(nights))
