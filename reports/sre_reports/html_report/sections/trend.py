"""The trend of 90 days: a chart per severity, and new and resolved findings per day.

Each chart has its own scale, which starts at zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.pictures.charts import (
    Area,
    Point,
    UpDown,
    area,
    up_down,
)
from sre_reports.trend_days import SEVERITIES, Days, days_of

PANEL_WIDTH, PANEL_HEIGHT = 240, 72
FLOW_WIDTH, FLOW_HEIGHT = 1160, 110
_LABELS = 5  # days labelled below the chart of new and resolved, including the first and last


@dataclass(frozen=True, slots=True)
class Panel:
    """One severity: its chart, its first and last number, and ``label``, the chart in words."""

    name: str
    area: Area
    first: int
    last: int
    label: str

    @property
    def dots(self) -> Sequence[Point]:
        """Days without a neighbour to draw a line to, and the last day."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))

    @property
    def change(self) -> int:
        """The difference between the last day and the first."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Trend:
    """The charts from the ``first`` to the ``last`` day, of which ``nights`` have a snapshot.

    ``gaps`` is a sentence on the days that are not shown, empty if there are none. ``most_opened``
    and ``most_resolved`` are the maximum numbers of new and of resolved findings on a day.
    """

    panels: Sequence[Panel]
    flow: UpDown
    ticks: Sequence[str]
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
            _panel(name, days.counts[name])
            for name in SEVERITIES
            if any(one is not None for one in days.counts[name])
        ],
        flow=up_down(days.opened, days.resolved, FLOW_WIDTH, FLOW_HEIGHT),
        ticks=_ticks(days.days),
        first=first,
        last=last,
        nights=len(days.days) - days.missing,
        gaps=_gaps(days),
        most_opened=_most(days.opened),
        most_resolved=_most(days.resolved),
        label=(
            f"{_sum(days.opened):,} findings new or reopened and {_sum(days.resolved):,} resolved"
            f" from {first} to {last}"
        ),
    )


def _gaps(days: Days) -> str:
    """Returns a sentence on the days that are not shown.

    Partial days are not shown, because unread findings would look resolved.
    """
    parts = [f"{wording.number(days.missing, 'day')} without a snapshot"] if days.missing else []
    parts += (
        [f"{wording.number(days.partial, 'day')} with only a partial snapshot"]
        if days.partial
        else []
    )
    return f"Not shown: {' and '.join(parts)}." if parts else ""


def _sum(values: Sequence[int | None]) -> int:
    return sum(value or 0 for value in values)


def _most(values: Sequence[int | None]) -> int:
    return max((value or 0 for value in values), default=0)


def _panel(name: str, values: Sequence[int | None]) -> Panel:
    known = [value for value in values if value is not None]
    label = (
        f"{name}: {known[0]:,} on the first day, {known[-1]:,} on the last, maximum {max(known):,}"
    )
    return Panel(name, area(values, PANEL_WIDTH, PANEL_HEIGHT), known[0], known[-1], label)


def _ticks(days: Sequence[date]) -> list[str]:
    """Returns a few days, evenly spread from the first to the last."""
    places = dict.fromkeys(round(n * (len(days) - 1) / (_LABELS - 1)) for n in range(_LABELS))
    return [f"{days[place]:%m-%d}" for place in places]
