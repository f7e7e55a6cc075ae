"""Ninety days: a drawing a severity, each with its own scale from zero, and what came and went night by night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sre_findings.ask.report import Material
from sre_reports.charts import Area, Point, UpDown, area, up_down

PANEL_WIDTH, PANEL_HEIGHT = 240, 72
FLOW_WIDTH, FLOW_HEIGHT = 1160, 110
SEVERITIES = ("critical", "high", "medium", "low")
_LABELS = 5  # days named under the flow, the first and the last among them


@dataclass(frozen=True, slots=True)
class Panel:
    """One severity: its drawing, its first and last number, and ``label``, which says it in words."""

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
    """The drawings, from ``first`` to ``last`` day; ``missing`` days have no night and are gaps."""

    panels: Sequence[Panel]
    flow: UpDown
    ticks: Sequence[str]
    first: date
    last: date
    nights: int
    missing: int
    most_came: int
    most_went: int
    label: str


def trend(night: Material) -> Trend | None:
    """None before the second night: a single one has no course."""
    nights = {date.fromisoformat(one["date"]): one for one in night.trend.items}  # of two on a day, the later one
    if len(nights) < 2:
        return None
    first, last = min(nights), max(nights)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    told = [nights.get(day) for day in days]
    came, went = _flow(night, days, "came"), _flow(night, days, "went")
    label = f"{_sum(came):,} findings came and {_sum(went):,} went from {first} to {last}"
    return Trend(
        [_panel(name, told) for name in SEVERITIES], up_down(came, went, FLOW_WIDTH, FLOW_HEIGHT), _ticks(days), first, last,
        len(nights), len(days) - len(nights), _most(came), _most(went), label,
    )  # fmt: skip


def _sum(values: Sequence[int | None]) -> int:
    return sum(value or 0 for value in values)


def _most(values: Sequence[int | None]) -> int:
    return max((value or 0 for value in values), default=0)


def _flow(night: Material, days: Sequence[date], word: str) -> list[int | None]:
    """By day, all of a day's nights together; None where there was none."""
    sums: dict[date, int] = {}
    for one in night.trend.items:
        day = date.fromisoformat(one["date"])
        sums[day] = sums.get(day, 0) + one[word]
    return [sums.get(day) for day in days]


def _panel(name: str, told: Sequence[Mapping[str, Any] | None]) -> Panel:
    values = [None if one is None else one[name] for one in told]
    known = [value for value in values if value is not None]
    label = f"{name}: {known[0]:,} on the first night, {known[-1]:,} on the last, at most {max(known):,}"
    return Panel(name, area(values, PANEL_WIDTH, PANEL_HEIGHT), known[0], known[-1], label)


def _ticks(days: Sequence[date]) -> list[str]:
    """A few days, evenly spread from the first to the last."""
    places = dict.fromkeys(round(n * (len(days) - 1) / (_LABELS - 1)) for n in range(_LABELS))
    return [f"{days[place]:%m-%d}" for place in places]
