"""Cards for Slack and e-mails: the digest and the trend of a snapshot as pictures with alt text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from sre_reports import wording
from sre_reports.brief import Brief, brief
from sre_reports.key_figures import (
    BAD,
    FLOW,
    GOOD,
    Number,
    unknown,
)
from sre_reports.pictures import charts, drawing
from sre_reports.plain_text import shortened, visible
from sre_reports.trend_days import SEVERITIES, Days, days_of

if TYPE_CHECKING:
    from sre_findings.nightly.report import Material

RECENT = 30  # days of the chart on the digest card
_LONGEST_ALT = 1900  # characters; Slack accepts 2,000
_ACCENTS = ("critical", "high", "medium", "link")


@dataclass(frozen=True, slots=True)
class Card:
    """A picture as PNG, and its alt text."""

    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its font size, which is smaller for words than for numbers."""

    number: Number
    accent: str
    arrow: str
    size: int


@dataclass(frozen=True, slots=True)
class Flow:
    """New and resolved findings: the current numbers, bars per day, and a caption."""

    value: str
    bars: charts.UpDown
    caption: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The trend of one severity: its current number, and the change since the first day."""

    number: Number
    arrow: str
    area: charts.Area


def digest(material: Material) -> Card:
    """Returns the digest card: verdict, figures with their changes, and the first updates."""
    summary = brief(material)
    return Card(
        drawing.png(digest_svg(material, summary)),
        _alt([_opening(summary), *_digest_words(summary)]),
    )


def trend(material: Material) -> Card:
    """Returns the trend card: each severity, and new and resolved findings per day.

    Unknown days are gaps.
    """
    summary, days = brief(material), days_of(material.trend)
    return Card(
        drawing.png(trend_svg(material, summary, days)),
        _alt([_opening(summary), *_trend_words(material, days)]),
    )


def digest_svg(material: Material, summary: Brief) -> str:
    """Returns the digest as SVG."""
    tiles = [_tile(*pair) for pair in zip(summary.numbers, _ACCENTS, strict=False)]
    flow = _flow(material, days_of(material.trend), summary)
    return drawing.svg(
        "card_digest.svg", brief=summary, tiles=tiles, under=_under(summary), flow=flow
    )


def trend_svg(material: Material, summary: Brief, days: Days) -> str:
    """Returns the trend as SVG."""
    panels = [_panel(number, days.counts[number.name]) for number in _open(material)]
    return drawing.svg(
        "card_trend.svg",
        brief=summary,
        title=_title(material, days),
        under=_under(summary),
        panels=panels,
        flow=Flow("", charts.up_down(days.opened, days.resolved, 1056, 84), ""),
        gaps=_gaps(days),
        first=_day(days.days[:1]),
        last=_day(days.days[1:][-1:]),
    )


def _under(summary: Brief) -> str:
    """Returns the second line: why the data is incomplete or stale, or what changed."""
    if summary.state.reasons:
        return f"Not read: {summary.state.reasons[0]}"
    if wording.IN_FUTURE in summary.state.alarms:
        return "This snapshot starts in the future: check the clocks."
    if summary.state.words:
        return "This snapshot is stale: later changes are not included."
    return f"{summary.since} {summary.plan}" if summary.fixes else summary.since


def _tile(number: Number, accent: str) -> Tile:
    arrow = f"{'▲' if number.delta > 0 else '▼'} {abs(number.delta):,}" if number.delta else ""
    return Tile(
        number,
        accent if number.known else "medium",
        arrow or number.change,
        52 if number.known else 30,
    )


def _flow(material: Material, days: Days, summary: Brief) -> Flow:
    opened, resolved = days.opened[-RECENT:], days.resolved[-RECENT:]
    caption = (
        f"Last {len(opened)} days: new (up), resolved (down)"
        if material.before
        else "First snapshot"
    )
    value = next(number.value for number in summary.numbers if number.name == FLOW)
    return Flow(
        value if material.before else "", charts.up_down(opened, resolved, 354, 84), caption
    )


def _open(material: Material) -> list[Number]:
    """Returns the current number of each severity, or "unknown"."""
    counts, silent = material.summary.rollup.counts, unknown(material)
    return [
        Number(name, "unknown" if silent else f"{getattr(counts, name):,}") for name in SEVERITIES
    ]


def _panel(number: Number, counts: Sequence[int | None]) -> Panel:
    first, last = (
        next((count for count in counts if count is not None), None),
        counts[-1] if counts else None,
    )
    change = 0 if first is None or last is None else last - first
    arrow = f"{'▲' if change > 0 else '▼'} {abs(change):,}" if change else ""
    return Panel(
        replace(number, look=BAD if change > 0 else GOOD), arrow, charts.area(counts, 213, 72)
    )


def _title(material: Material, days: Days) -> str:
    if not material.trend.known:
        return "The trend of this scope is not available."
    if len(days.days) < 2:
        return "Open findings"
    return f"Open findings in the last {len(days.days)} days"


def _gaps(days: Days) -> str:
    missing = [f"{wording.number(days.missing, 'day')} without a snapshot"] if days.missing else []
    partial = (
        [f"{wording.number(days.partial, 'partial snapshot')} left out of the counts"]
        if days.partial
        else []
    )
    return ", ".join([*missing, *partial])


def _day(days: Sequence[date]) -> str:
    return "".join(f"{day.day} {day:%B}" for day in days)


def _opening(summary: Brief) -> str:
    who = f" for {summary.who}" if summary.who else ""
    return f"Inspector findings{who}, {summary.night}. {summary.state.text}."


def _digest_words(summary: Brief) -> list[str]:
    reasons = [f"Not read: {reason}." for reason in summary.state.reasons[:3]]
    fixes = [f"{n}. {fix.what}: {fix.clears}." for n, fix in enumerate(summary.fixes, 1)]
    numbers = ", ".join(number.text for number in summary.numbers)
    return [
        *reasons,
        summary.verdict,
        f"{numbers}.",
        summary.since,
        *(["Top remediations:", *fixes] if fixes else []),
    ]


def _trend_words(material: Material, days: Days) -> list[str]:
    words = [f"{_title(material, days).rstrip('.')}."]
    for number in _open(material):
        known = [count for count in days.counts[number.name] if count is not None]
        between = f", from {known[0]:,}, maximum {max(known):,}" if len(known) > 1 else ""
        words.append(f"{number.name.capitalize()}: {number.value} now{between}.")
    opened, resolved = (sum(count or 0 for count in some) for some in (days.opened, days.resolved))
    flow = [f"{opened:,} new and {resolved:,} resolved in total."] if len(days.days) > 1 else []
    return [*words, *flow, *([f"{gaps}."] if (gaps := _gaps(days)) else [])]


def _alt(sentences: Sequence[str]) -> str:
    return shortened(visible(" ".join(sentences)), _LONGEST_ALT)
