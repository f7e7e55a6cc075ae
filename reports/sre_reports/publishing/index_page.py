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

from sre_findings.model.timestamps import iso_date, utc_minute
from sre_reports.html_report.html import environment
from sre_reports.html_report.style_sheets import rules
from sre_reports.pictures.charts import (
    Area,
    Point,
    area,
)
from sre_reports.publishing.index_entries import IndexEntry

WIDTH, HEIGHT = 320, 48


@dataclass(frozen=True, slots=True)
class Line:
    """The trend of one number over all reports: its chart and its newest value.

    ``label`` is the chart in words.
    """

    name: str
    area: Area
    last: int
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
            entries=newest,
            lines=[
                line for name in ("critical", "high", "late") if (line := _line(name, newest, days))
            ],
            first=days[0] if days else None,
            last=days[-1] if days else None,
            missing=len(days) - len(newest),
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
    by_day: dict[str, int | None] = {one.day: getattr(one, name) for one in newest}
    values = [by_day.get(day) for day in days]
    known = [value for value in values if value is not None]
    if not known:
        return None
    shown = "overdue" if name == "late" else name
    label = f"{shown}: {known[0]:,} at first, {known[-1]:,} at last, maximum {max(known):,}"
    return Line(name, area(values, WIDTH, HEIGHT), known[-1], label)


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
