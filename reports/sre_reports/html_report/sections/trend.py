"""The trend of 90 days: a chart per severity, and new and resolved findings per day.

Each chart has its own scale, which starts at zero. A day with only a partial snapshot is not drawn:
its numbers are lower bounds, so they are named and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.pictures.charts import (
    Area,
    Point,
    UpDown,
    area,
    up_down,
)
from sre_reports.trend_days import SEVERITIES, Days, Severity, days_of

PANEL_WIDTH, PANEL_HEIGHT = 240, 72
FLOW_WIDTH, FLOW_HEIGHT = 1160, 110
_LABELS = 5  # days labelled below the chart of new and resolved, including the first and last
_BAR = 0.35  # the middle of a day's bar, as a share of its slot (see charts.up_down)
_NAMED = 3  # partial days that are named


class Tick(NamedTuple):
    """A day below the chart of new and resolved findings, under its bar: ``x`` is in percent."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One severity: its chart, its first and last known number, and the days of these.

    ``label`` is the chart in words. ``least`` is a lower bound for the day of the report, None if
    its number is known.
    """

    name: str
    area: Area
    first: int
    last: int
    first_day: date
    last_day: date
    least: int | None

    @property
    def dots(self) -> Sequence[Point]:
        """Days without a neighbour to draw a line to, and the last day."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))

    @property
    def change(self) -> int:
        """The difference between the last known day and the first."""
        return self.last - self.first

    @property
    def label(self) -> str:
        """The chart in words."""
        return (
            f"{self.name}: {self.first:,} on {self.first_day}, {self.last:,} on {self.last_day},"
            f" maximum {self.area.top:,}"
        )


@dataclass(frozen=True, slots=True)
class Trend:
    """The charts from the ``first`` to the ``last`` day, of which ``nights`` have a snapshot.

    ``gaps`` are sentences on the days that are not drawn, empty if there are none. ``most_opened``
    and ``most_resolved`` are the maximum numbers of new and of resolved findings on a day.
    """

    panels: Sequence[Panel]
    flow: UpDown
    ticks: Sequence[Tick]
    first: date
    last: date
    nights: int
    gaps: str
    most_opened: int
    most_resolved: int
    label: str


def trend(material: Material) -> Trend | None:
    """Returns the trend; None if it has fewer than two days."""
    days = days_of(material.trend)
    if len(days.days) < 2:
        return None
    first, last = days.days[0], days.days[-1]
    return Trend(
        panels=[
            _panel(name, days, material)
            for name in SEVERITIES
            if any(one is not None for one in days.counts[name])
        ],
        flow=up_down(days.opened, days.resolved, FLOW_WIDTH, FLOW_HEIGHT),
        ticks=_ticks(days.days),
        first=first,
        last=last,
        nights=len(days.days) - days.missing,
        gaps=_gaps(days, material),
        most_opened=_most(days.opened),
        most_resolved=_most(days.resolved),
        label=(
            f"{_sum(days.opened):,} findings new or reopened and {_sum(days.resolved):,} resolved"
            f" from {first} to {last}"
        ),
    )


def _gaps(days: Days, material: Material) -> str:
    """Returns sentences on the days that are not drawn, with lower bounds for partial ones."""
    parts = [f"{wording.number(days.missing, 'day')} without a snapshot"] if days.missing else []
    parts += (
        [f"{wording.number(days.partial, 'day')} with only a partial snapshot"]
        if days.partial
        else []
    )
    text = f"Not drawn: {' and '.join(parts)}." if parts else ""
    return f"{text} {_partial(days, material)}".strip()


def _partial(days: Days, material: Material) -> str:
    """Returns what is known of the last days that have only a partial snapshot."""
    drawn = {
        day
        for day, count in zip(days.days, days.counts["critical"], strict=True)
        if count is not None
    }
    known = {
        item["date"]: item["total"]
        for item in material.trend.items
        if item["state"] != COMPLETE and date.fromisoformat(item["date"]) not in drawn
    }
    named = [f"at least {count:,} open on {day}" for day, count in list(known.items())[-_NAMED:]]
    return f"{wording.capital(', '.join(named))}; the rest was not read." if named else ""


def _sum(values: Sequence[int | None]) -> int:
    return sum(value or 0 for value in values)


def _most(values: Sequence[int | None]) -> int:
    return max((value or 0 for value in values), default=0)


def _panel(name: Severity, days: Days, material: Material) -> Panel:
    values = days.counts[name]
    known = [(day, one) for day, one in zip(days.days, values, strict=True) if one is not None]
    (first_day, first), (last_day, last) = known[0], known[-1]
    least = getattr(material.summary.rollup.counts, name) if last_day < days.days[-1] else None
    shape = area(values, PANEL_WIDTH, PANEL_HEIGHT)
    return Panel(name, shape, first, last, first_day, last_day, least)


def _ticks(days: Sequence[date]) -> list[Tick]:
    """Returns a few days, evenly spread from the first to the last."""
    places = dict.fromkeys(round(n * (len(days) - 1) / (_LABELS - 1)) for n in range(_LABELS))
    return [
        Tick(round(100 * (place + _BAR) / len(days), 1), f"{days[place]:%m-%d}") for place in places
    ]
