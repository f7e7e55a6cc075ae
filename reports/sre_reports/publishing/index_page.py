"""The index of all published reports, newest first, as a self-contained HTML page.

Its content security policy allows only its own style sheet. All text passes
:func:`plain_text.visible` and is escaped by Jinja.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup

from sre_findings.model.snapshots.states import PARTIAL
from sre_findings.model.timestamps import iso_date, utc_minute
from sre_reports.html_report.html import environment
from sre_reports.html_report.sections.tiles import Delta, more_is_bad
from sre_reports.html_report.style_sheets import rules
from sre_reports.pictures.charts import (
    Area,
    Point,
    area,
    stack,
)
from sre_reports.publishing.index_entries import IndexEntry

WIDTH, HEIGHT = 320, 48
BAR, LEAST = 240, 12  # the longest and the shortest bar, in SVG units
_SEVERITIES = ("critical", "high", "medium", "low", "other")


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of a bar: its severity, start and width."""

    name: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    """One report with its bar, ``label`` (the bar in words) and the change since the one before.

    Numbers of a partial snapshot are lower bounds, so they are compared with nothing.
    """

    entry: IndexEntry
    pieces: Sequence[Piece]
    label: str
    change: Delta | None


@dataclass(frozen=True, slots=True)
class Line:
    """The trend of one number over the reports of complete snapshots: its chart and newest value.

    ``last_day`` is the day of that value. ``label`` is the chart in words.
    """

    name: str
    area: Area
    last: int
    last_day: str
    label: str

    @property
    def dots(self) -> Sequence[Point]:
        """Days without a neighbour to draw a line to, and the newest day."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))


def render_index(entries: Sequence[IndexEntry], at: datetime) -> str:
    """Returns the index as HTML, to be written as UTF-8.

    Links are relative: ``2026-11-22/index.html``.
    """
    css = style()
    newest = sorted(entries, key=lambda one: one.day, reverse=True)
    days = _days(newest)
    return (
        environment()
        .get_template("index/page.html")
        .render(
            css=Markup(css),  # noqa: S704 - our own files, the same for every page
            policy=_policy(css),
            rows=_rows(newest),
            entries=newest,
            lines=[
                line for name in ("critical", "high", "late") if (line := _line(name, newest, days))
            ],
            first=days[0] if days else None,
            last=days[-1] if days else None,
            missing=len(days) - len(newest),
            partial=sum(one.state == PARTIAL for one in newest),
            width=WIDTH,
            height=HEIGHT,
            made=utc_minute(at),
        )
    )


def _days(newest: Sequence[IndexEntry]) -> list[str]:
    """Returns every day from the first report to the last, including days without one."""
    if not newest:
        return []
    first, last = date.fromisoformat(newest[-1].day), date.fromisoformat(newest[0].day)
    return [iso_date(first + timedelta(days=n)) for n in range((last - first).days + 1)]


def _line(name: str, newest: Sequence[IndexEntry], days: Sequence[str]) -> Line | None:
    """Returns the trend of one number; None if no report has it."""
    by_day: dict[str, int | None] = {one.day: getattr(one, name) for one in newest if one.complete}
    values = [by_day.get(day) for day in days]
    known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
    if not known:
        return None
    (first_day, first), (last_day, last) = known[0], known[-1]
    shape = area(values, WIDTH, HEIGHT)
    shown = "overdue" if name == "late" else name
    label = f"{shown}: {first:,} on {first_day}, {last:,} on {last_day}, maximum {shape.top:,}"
    return Line(name, shape, last, last_day, label)


def _rows(newest: Sequence[IndexEntry]) -> list[Row]:
    """Returns the reports, newest first. All bars share one scale."""
    most = max((one.total or 0 for one in newest), default=0) or 1
    return [_row(one, newest[place + 1 :], most) for place, one in enumerate(newest)]


def _row(one: IndexEntry, earlier: Sequence[IndexEntry], most: int) -> Row:
    before = next((other for other in earlier if other.complete), None)
    change = (
        more_is_bad(one.total, before.total)
        if one.complete and one.total is not None and before
        else None
    )
    counts = [one.critical or 0, one.high or 0, one.medium or 0, one.low or 0]
    total = max(one.total or 0, sum(counts))
    counts.append(total - sum(counts))
    named = zip(_SEVERITIES, counts, strict=True)
    label = ", ".join(f"{count:,} {name}" for name, count in named if count)
    segments = stack(counts, max(LEAST, BAR * total / most)) if total else []
    pieces = [Piece(_SEVERITIES[part.place], part.x, part.width) for part in segments]
    return Row(one, pieces, label, change)


def _policy(css: str) -> str:
    """Returns a policy that allows the page's own style sheet, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


@functools.cache
def style() -> str:
    """Returns the style sheet of the index."""
    return rules("base", "index")
