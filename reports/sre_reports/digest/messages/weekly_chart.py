"""The trend of critical and high findings as a Slack chart, with a point per week or day.

Short trends have a point per day. Slack accepts twenty points and has no gaps. Workspaces without
charts get a picture in the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sre_reports import wording
from sre_reports.slack.blocks import Block, context, line_chart
from sre_reports.slack.message import Part
from sre_reports.trend_days import Days, days_of

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.trend import TrendAnswer

WEEKS, NIGHTS = 13, 14


class Point(NamedTuple):
    """The newest complete snapshot of a week or day."""

    day: date
    critical: int
    high: int


def chart(trend: TrendAnswer) -> list[Part]:
    """Returns the chart; empty for fewer than two points. A caption counts the points left out."""
    days = days_of(trend)
    step, what = (7, "week") if len(days.days) > NIGHTS else (1, "day")
    points, missing = points_of(days, step)
    if len(points) < 2:
        return []
    labels = [f"{one.day.day} {one.day:%b}" for one in points]
    series = [
        ("Critical", [one.critical for one in points]),
        ("High", [one.high for one in points]),
    ]
    drawn: list[Block] = [
        line_chart(f"Critical and high findings per {what}", labels, series, "Open findings")
    ]
    if missing:
        left_out = (
            f"{wording.number(missing, what)} without a complete snapshot"
            f" {'is' if missing == 1 else 'are'} left out."
        )
        drawn.append(context(left_out))
    return [Part(drawn, weight=4, classic=[])]


def points_of(days: Days, step: int) -> tuple[list[Point], int]:
    """Returns one point per ``step`` days, oldest first, and the number of unknown points."""
    most = WEEKS if step > 1 else NIGHTS
    found = [
        _newest(days, range(max(0, end - step), end)) for end in range(len(days.days), 0, -step)
    ][:most]
    known = [place for place, one in enumerate(found) if one is not None]
    points = [one for one in reversed(found) if one is not None]
    return points, sum(one is None for one in found[: known[-1]]) if known else 0


def _newest(days: Days, places: Sequence[int]) -> Point | None:
    for place in reversed(places):
        critical, high = days.counts["critical"][place], days.counts["high"][place]
        if critical is not None and high is not None:
            return Point(days.days[place], critical, high)
    return None
