"""A trend by day, in which unknown numbers are None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.nightly.report import Material
from sre_reports.trend_days import Days, days_of


def trend_of(night: Callable[..., Material], *changes: dict[str, object]) -> ListAnswer[Any, Any]:
    trend = night().trend
    items: list[Any] = [dict(trend.items[0]) | change for change in changes]
    return replace(trend, items=items)


def days(night: Callable[..., Material], *changes: dict[str, object]) -> Days:
    return days_of(trend_of(night, *changes))


def test_a_day_without_a_snapshot_has_no_numbers(night: Callable[..., Material]) -> None:
    found = days(night, {"date": "2026-11-01"}, {"date": "2026-11-03", "critical": 9})
    assert [day.day for day in found.days] == [1, 2, 3]
    assert found.counts["critical"] == (2, None, 9)
    assert (found.opened, found.resolved, found.missing, found.partial) == (
        (3, None, 3),
        (2, None, 2),
        1,
        0,
    )


def test_a_partial_day_has_new_and_resolved_but_no_counts(
    night: Callable[..., Material],
) -> None:
    found = days(
        night, {"date": "2026-11-01"}, {"date": "2026-11-02", "state": "partial", "came": 8}
    )
    assert (found.counts["high"], found.opened, found.missing, found.partial) == (
        (8, None),
        (3, 8),
        0,
        1,
    )


def test_a_day_is_represented_by_its_newest_complete_snapshot(
    night: Callable[..., Material],
) -> None:
    found = days(night, {"low": 1}, {"low": 2}, {"low": 3, "state": "partial"})
    assert (found.counts["low"], found.opened, found.partial) == ((2,), (9,), 0)


def test_no_snapshots_are_no_days(night: Callable[..., Material]) -> None:
    found = days(night)
    assert (found.days, found.counts["low"], found.missing) == ((), (), 0)
