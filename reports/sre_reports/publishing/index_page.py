"""The page that lists every published night, the newest first, with how it went. It needs nothing
but itself.

Its policy allows its own style sheet alone. Every text passes :func:`plain_text.visible`, and Jinja
escapes it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources

from markupsafe import Markup

from sre_reports.page.html import environment
from sre_reports.pictures import palette
from sre_reports.pictures.charts import (
    Area,
    Point,
    area,
)
from sre_reports.publishing.index_entries import Night

WIDTH, HEIGHT = 320, 48


@dataclass(frozen=True, slots=True)
class Line:
    """How one number went over all nights: its drawing, its newest value, and ``label``, which says
    it in words."""

    name: str
    area: Area
    last: int
    label: str

    @property
    def dots(self) -> Sequence[Point]:
        """Nights that no line leads to, and the newest one."""
        return (*self.area.dots, *([self.area.last] if self.area.last else []))


def render_nights(nights: Sequence[Night], at: datetime) -> str:
    """The page as text, to be written as UTF-8; links lead to ``2026-11-22/index.html`` beside
    it."""
    css = style()
    newest = sorted(nights, key=lambda night: night.day, reverse=True)
    days = _days(newest)
    return (
        environment()
        .get_template("nights/page.html")
        .render(
            css=Markup(css),  # noqa: S704 - our own files, the same for every page
            policy=_policy(css),
            nights=newest,
            lines=[
                line for name in ("critical", "high", "late") if (line := _line(name, newest, days))
            ],
            first=days[0] if days else None,
            last=days[-1] if days else None,
            missing=len(days) - len(newest),
            width=WIDTH,
            height=HEIGHT,
            made=f"{at:%Y-%m-%d %H:%M} UTC",
        )
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
def style() -> str:
    """The style sheet: the palettes for light, dark and paper, then the rules."""
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    themes = (
        f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f"@media print {{ :root {{ {light} }} }}\n"
    )
    folder = resources.files("sre_reports") / "templates" / "style"
    return themes + "".join(
        (folder / name).read_text(encoding="utf-8") for name in ("base.css", "nights.css")
    )
