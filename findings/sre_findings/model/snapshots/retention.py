"""Decides which snapshots to keep: daily, weekly and monthly ones, and the newest ones."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sre_findings.model.snapshots.states import COMPLETE


class Dated(Protocol):
    """The fields of a snapshot that retention needs."""

    @property
    def sequence(self) -> int:
        """Its position in the order of commits."""
        ...

    @property
    def snapshot_id(self) -> str:
        """The snapshot's ID."""
        ...

    @property
    def started_at(self) -> datetime:
        """When its scan began."""
        ...

    @property
    def state(self) -> str:
        """``complete`` or ``partial``."""
        ...


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days, weeks and months to keep the newest complete snapshot.

    Days are UTC days, and weeks begin on Monday.
    """

    nightly: int = 90
    weekly: int = 52
    monthly: int = 60


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether a snapshot is kept, and why or why not."""

    snapshot_id: str
    kept: bool
    why: str


def fates(snapshots: Sequence[Dated], keep: Keep, held: Container[str] = ()) -> list[Fate]:
    """Whether each snapshot is kept, in commit order.

    These are kept: the newest, the newest complete one, those in ``held`` (under a legal hold), and
    the newest complete snapshot of each of the newest days, weeks and months that have one. On a
    day without a complete snapshot, the newest partial one counts as the daily snapshot, so that
    the day stays on record.
    """
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.sequence)
    reasons = {one.snapshot_id: why for one, why in _kept(ordered, keep, held)}
    return [_fate(one, reasons.get(one.snapshot_id)) for one in ordered]


def _fate(snapshot: Dated, why: str | None) -> Fate:
    if why is not None:
        return Fate(snapshot.snapshot_id, True, why)
    beyond = "outside the retention, or another snapshot of its day is kept"
    return Fate(
        snapshot.snapshot_id,
        False,
        beyond if snapshot.state == COMPLETE else f"partial, and {beyond}",
    )


def _kept(
    ordered: Sequence[Dated], keep: Keep, held: Container[str]
) -> Iterator[tuple[Dated, str]]:
    """The snapshots to keep, each with a reason. The last reason for a snapshot applies."""
    complete = [one for one in ordered if one.state == COMPLETE]
    whole = {_day(one) for one in complete}
    standing = [one for one in ordered if one.state == COMPLETE or _day(one) not in whole]
    yield from (
        (one, "kept as a monthly snapshot") for one in _newest(complete, _month, keep.monthly)
    )
    yield from ((one, "kept as a weekly snapshot") for one in _newest(complete, _week, keep.weekly))
    yield from ((one, "kept as a daily snapshot") for one in _newest(standing, _day, keep.nightly))
    yield from ((one, "the newest complete snapshot") for one in complete[-1:])
    yield from ((one, "the newest one") for one in ordered[-1:])
    yield from ((one, "under a legal hold") for one in ordered if one.snapshot_id in held)


def _day(snapshot: Dated) -> object:
    return snapshot.started_at.astimezone(UTC).date()


def _week(snapshot: Dated) -> object:
    return snapshot.started_at.astimezone(UTC).isocalendar()[:2]


def _month(snapshot: Dated) -> object:
    moment = snapshot.started_at.astimezone(UTC)
    return moment.year, moment.month


def _newest(snapshots: Iterable[Dated], key: Callable[[Dated], object], count: int) -> list[Dated]:
    """The newest snapshot for each of the ``count`` newest values of the key."""
    # Later snapshots replace earlier ones with the same key.
    last = {key(one): one for one in snapshots}
    chosen = sorted(last.values(), key=lambda one: one.sequence)
    return chosen[-count:] if count else []
