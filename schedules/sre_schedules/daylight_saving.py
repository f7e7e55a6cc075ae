"""Finds fire times that a daylight saving change would skip or repeat.

Also finds the nearest safe time. When the clocks go forward, 02:30 does not exist; when they go
back, it occurs twice. Engines disagree about both. A schedule with such a fire time within ten
years is rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sre_findings.model.errors import UsageError
from sre_schedules.cron import Cron

YEARS = 10
_STEP = timedelta(hours=12)
_DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the clocks.

    The local times from ``start`` up to ``end`` are skipped or repeated.
    """

    start: datetime
    end: datetime
    skipped: bool

    def holds(self, wall: datetime) -> bool:
        """Returns whether a local time is within the change."""
        return self.start <= wall < self.end


def changes(zone: ZoneInfo, since: datetime, years: int = YEARS) -> Iterator[Change]:
    """Yields every change of the zone's clocks within ``years`` years."""
    moment, end = since.astimezone(UTC), since.astimezone(UTC) + timedelta(days=366 * years)
    while moment < end:
        if _offset(zone, moment) != _offset(zone, moment + _STEP):
            yield _change(zone, moment, moment + _STEP)
        moment += _STEP


def touched(cron: Cron, found: Sequence[Change]) -> tuple[datetime, Change] | None:
    """Returns the first fire time (local) that is skipped or repeated, with the change.

    None if there is none.
    """
    for change in found:
        for days in range((change.end.date() - change.start.date()).days + 1):
            day = change.start.date() + timedelta(days=days)
            walls = (datetime(day.year, day.month, day.day, *time) for time in cron.times_on(day))  # noqa: DTZ001 - on the wall
            if wall := next((wall for wall in walls if change.holds(wall)), None):
                return wall, change
    return None


def check(cron: Cron, zone: ZoneInfo, since: datetime) -> None:
    """Raises UsageError if a change within ten years skips or repeats a fire time.

    The error names the nearest safe time.
    """
    found = list(changes(zone, since))
    if (hit := touched(cron, found)) is None:
        return
    wall, change = hit
    how = "is skipped" if change.skipped else "occurs twice"
    why = f"{wall:%H:%M} {how} on {wall:%Y-%m-%d} when the clocks change"
    better = _better(cron, found)
    do = (
        f"Use '{better}', or the zone Etc/UTC."
        if better
        else "Use the zone Etc/UTC, or hours at which the clocks do not change."
    )
    raise UsageError(f"'{cron}' in {zone.key}", why=why, do=do)


def _better(cron: Cron, found: Sequence[Change]) -> Cron | None:
    """Returns the same schedule at the nearest safe time of day.

    None if it fires several times a day.
    """
    if len(cron.hours) != 1 or len(cron.minutes) != 1:
        return None
    now = cron.hours[0] * 60 + cron.minutes[0]
    for distance in range(15, _DAY // 2, 15):
        for minute in (now - distance, now + distance):
            if not 0 <= minute < _DAY:
                continue
            moved = replace(cron, hours=(minute // 60,), minutes=(minute % 60,))
            if touched(moved, found) is None:
                return moved
    return None


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> Change:
    """Returns the change between two points in time, to the minute."""
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    moment = high.replace(second=0, microsecond=0, tzinfo=None)
    walls = sorted((moment + before, moment + after))
    return Change(walls[0], walls[1], skipped=after > before)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
