"""A trend as one number per day, as charts need it. Unknown numbers are None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from sre_findings.model.snapshots.states import COMPLETE

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.trend import TrendAnswer, TrendDay

Severity: TypeAlias = Literal["critical", "high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Days:
    """Every day from the first snapshot to the last.

    ``counts`` are open findings by severity; all sequences have one item per day. A partial
    snapshot has no counts, because unread findings would look resolved. It does have ``opened`` and
    ``resolved`` (new and resolved findings), which cover only what it read. ``missing`` is the
    number of days without a snapshot, ``partial`` of days with only a partial one.
    """

    days: tuple[date, ...]
    counts: Mapping[str, tuple[int | None, ...]]
    opened: tuple[int | None, ...]
    resolved: tuple[int | None, ...]
    missing: int
    partial: int


def days_of(trend: TrendAnswer) -> Days:
    """Returns the days of an answer to ``trend``.

    A day with several snapshots is represented by its newest complete one.
    """
    by_day: dict[date, list[TrendDay]] = {}
    for item in trend.items:
        by_day.setdefault(date.fromisoformat(item["date"]), []).append(item)
    span = _span(by_day)
    complete = [
        next((one for one in reversed(by_day.get(day, [])) if one["state"] == COMPLETE), None)
        for day in span
    ]
    return Days(
        days=span,
        counts={
            name: tuple(snapshot[name] if snapshot else None for snapshot in complete)
            for name in SEVERITIES
        },
        opened=tuple(_sum(one["came"] for one in by_day.get(day, ())) for day in span),
        resolved=tuple(_sum(one["went"] for one in by_day.get(day, ())) for day in span),
        missing=sum(day not in by_day for day in span),
        partial=sum(
            day in by_day and snapshot is None for day, snapshot in zip(span, complete, strict=True)
        ),
    )


def _span(by_day: Mapping[date, object]) -> tuple[date, ...]:
    if not by_day:
        return ()
    first, last = min(by_day), max(by_day)
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def _sum(numbers: Iterable[int]) -> int | None:
    """Returns the sum; None if there is no number."""
    some = list(numbers)
    return sum(some) if some else None
