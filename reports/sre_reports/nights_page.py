"""The page that lists every published night, the newest first, with how it went. It needs nothing but itself.

Its policy allows its own style sheet alone. Every text passes :func:`plain_text.visible`, and Jinja escapes it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from sre_findings.model.finding import iso
from sre_reports.charts import Area, Point, area
from sre_reports.nights import Night
from sre_reports.plain_text import shortened, visible

if TYPE_CHECKING:
    from jinja2 import Template

WIDTH, HEIGHT = 320, 48
_LONGEST = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class Line:
    """How one number went over all nights: its drawing, its newest value, and ``label``, which says it in words."""

    name: str
    area: Area
    last: int
    label: str

    @property
    def dots(self) -> Sequence[Point]:
        """Nights that no line leads to, and the newest one."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))


def render_nights(nights: Sequence[Night], at: datetime) -> str:
    """The page as text, to be written as UTF-8; links lead to ``2026-11-22/index.html`` beside it."""
    css = _file("nights.css")
    newest = sorted(nights, key=lambda night: night.day, reverse=True)
    days = _days(newest)
    return _template().render(
        css=Markup(css),  # noqa: S704 - our own file, the same for every page
        policy=_policy(css),
        nights=newest,
        lines=[line for name in ("critical", "high", "late") if (line := _line(name, newest, days))],
        first=days[0] if days else None,
        last=days[-1] if days else None,
        missing=len(days) - len(newest),
        width=WIDTH,
        height=HEIGHT,
        made=iso(at),
    )


def _days(newest: Sequence[Night]) -> list[str]:
    """Every day from the first night to the last, those without a night too."""
    if not newest:
        return []
    first, last = date.fromisoformat(newest[-1].day), date.fromisoformat(newest[0].day)
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def _line(name: str, newest: Sequence[Night], days: Sequence[str]) -> Line | None:
    """One number's course; None where it is not known of any night."""
    by_day: dict[str, int | None] = {night.day: getattr(night, name) for night in newest}
    values = [by_day.get(day) for day in days]
    known = [value for value in values if value is not None]
    if not known:
        return None
    label = f"{name}: {known[0]:,} at first, {known[-1]:,} at last, at most {max(known):,}"
    return Line(name, area(values, WIDTH, HEIGHT), known[-1], label)


def _policy(css: str) -> str:
    """The page may use its own style sheet, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@functools.cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - 90 ms, only for those who make pages

    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:,}"
    return environment.from_string(_file("nights.html"))


def _shown(value: object) -> object:
    """Runs over every value that the template prints, so that none can slip past."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return shortened(visible(value), _LONGEST)


@functools.cache
def _file(name: str) -> str:
    return (resources.files("sre_reports") / "templates" / name).read_text(encoding="utf-8")
