"""Ninety days: a drawing a severity, each with its own scale from zero, and what came and went
night by night."""

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
_LABELS = 5  # days named under the flow, the first and the last among them


@dataclass(frozen=True, slots=True)
class Panel:
    """One severity: its drawing, its first and last number, and ``label``, which says it in
    words."""

    name: str
    area: Area
    first: int
    last: int
    label: str

    @property
    def dots(self) -> Sequence[Point]:
        """Nights that no line leads to, and the last one."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))

    @property
    def change(self) -> int:
        """How many more there are than on the first night."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Trend:
    """The drawings, from ``first`` to ``last`` day; ``gaps`` says in a sentence which days are not
    drawn, if any."""

    panels: Sequence[Panel]
    flow: UpDown
    ticks: Sequence[str]
    first: date
    last: date
    nights: int
    gaps: str
    most_came: int
    most_went: int
    label: str


def trend(night: Material) -> Trend | None:
    """None before the second day: a single one has no course."""
    told = days_of(night.trend)
    if len(told.days) < 2:
        return None
    first, last = told.days[0], told.days[-1]
    return Trend(
        panels=[
            _panel(name, told.counts[name])
            for name in SEVERITIES
            if any(one is not None for one in told.counts[name])
        ],
        flow=up_down(told.came, told.went, FLOW_WIDTH, FLOW_HEIGHT),
        ticks=_ticks(told.days),
        first=first,
        last=last,
        nights=len(told.days) - told.missing,
        gaps=_gaps(told),
        most_came=_most(told.came),
        most_went=_most(told.went),
        label=(
            f"{_sum(told.came):,} findings came and {_sum(told.went):,} went from {first} to {last}"
        ),
    )


def _gaps(told: Days) -> str:
    """What was not read would look like something that was fixed, so it is not drawn."""
    parts = [f"{wording.number(told.missing, 'day')} without a snapshot"] if told.missing else []
    parts += (
        [f"{wording.number(told.partial, 'day')} with a partial one alone"] if told.partial else []
    )
    return f"Not drawn: {' and '.join(parts)}." if parts else ""


def _sum(values: Sequence[int | None]) -> int:
    return sum(value or 0 for value in values)


def _most(values: Sequence[int | None]) -> int:
    return max((value or 0 for value in values), default=0)


def _panel(name: str, values: Sequence[int | None]) -> Panel:
    known = [value for value in values if value is not None]
    label = (
        f"{name}: {known[0]:,} on the first night, {known[-1]:,} on the last, at most"
        f" {max(known):,}"
    )
    return Panel(name, area(values, PANEL_WIDTH, PANEL_HEIGHT), known[0], known[-1], label)


def _ticks(days: Sequence[date]) -> list[str]:
    """A few days, evenly spread from the first to the last."""
    places = dict.fromkeys(round(n * (len(days) - 1) / (_LABELS - 1)) for n in range(_LABELS))
    return [f"{days[place]:%m-%d}" for place in places]
