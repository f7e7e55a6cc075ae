"""The trend as Slack's own chart: a point a week, critical and high. Where Slack draws none, a picture goes into the thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sre_findings.model.list_answer import ListAnswer
from sre_reports import wording
from sre_reports.slack.blocks import Block, context, line_chart
from sre_reports.slack.message import Part
from sre_reports.trend_days import Days, days_of

WEEKS = 13


class Point(NamedTuple):
    """The newest complete night of a week."""

    day: date
    critical: int
    high: int


def chart(trend: ListAnswer) -> list[Part]:
    """The chart; none where there are not two points to draw a line between. What is not known is no point, and is said."""
    days = days_of(trend)
    points, missing = weekly(days)
    if len(points) < 2:
        return []
    labels = [f"{one.day.day} {one.day:%b}" for one in points]
    series = [("Critical", [one.critical for one in points]), ("High", [one.high for one in points])]
    drawn: list[Block] = [line_chart("Critical and high, week by week", labels, series, "Open findings")]
    if missing:
        drawn.append(
            context(f"{wording.number(missing, 'week')} without a complete night {'is' if missing == 1 else 'are'} left out.")
        )
    return [Part(drawn, weight=4, classic=[])]


def weekly(days: Days) -> tuple[list[Point], int]:
    """The points, oldest first, and how many weeks between them have none."""
    found = [_newest(days, range(max(0, end - 7), end)) for end in range(len(days.days), 0, -7)][:WEEKS]
    known = [place for place, one in enumerate(found) if one is not None]
    points = [one for one in reversed(found) if one is not None]
    return points, sum(one is None for one in found[: known[-1]]) if known else 0


def _newest(days: Days, places: Sequence[int]) -> Point | None:
    for place in reversed(places):
        critical, high = days.counts["critical"][place], days.counts["high"][place]
        if critical is not None and high is not None:
            return Point(days.days[place], critical, high)
    return None
