"""Trends and due dates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.worlds.check import (
    Check,
    Untruth,
    number,
    scopes,
    shown,
    tolerated,
)
from tests.worlds.truth import Scope

from sre_findings.questions.catalogue import (
    Sla,
    Trend,
)

BY = ("account", "region", "owner", "type")


def trends(check: Check) -> Iterator[Untruth]:
    """Each day of a trend is what its night was told, and no day is a number that was not read."""
    nights = {one.snapshot_id: one for one in (*check.past, check.night)}
    for scope in check.some(scopes(check.night)):
        kind, value = next(
            ((n, v) for n, v in scope._asdict().items() if v is not None and v != ""),
            ("organization", ""),
        )
        question = Trend(kind=kind, value=value)
        answer = check.ask(question) if scope.owner != "" else None
        for item in answer.items if answer else ():
            night = nights[item["snapshot_id"]]
            true = number(night.counts(scope))
            if night.read_nothing(scope) and not (true and item["state"] == "partial"):
                yield check.untruth(
                    "trend has a day of nothing read",
                    question,
                    f"{item['date']}: {item['total']} {item['state']}",
                    "nothing was read",
                )
            elif item["total"] != true:
                yield check.untruth(
                    "trend counts" + (" of an owner" if scope.owner else ""),
                    question,
                    f"{item['date']}: {item['total']}",
                    true,
                )
            elif item["state"] == "complete" and [
                cell for cell in night.unread(scope) if not tolerated(night, cell)
            ]:
                yield check.untruth(
                    "trend is complete though unread",
                    question,
                    f"{item['date']}: {item['total']} complete",
                    f"not read: {shown(night.unread(scope))}",
                )


def ages(check: Check) -> Iterator[Untruth]:
    """Due dates add up to the open findings."""
    night = check.night
    for by in check.some(BY):
        answer: Any = check.ask(Sla(by=by))
        if answer is None or answer.summary is None:
            continue
        if due(answer.summary) != number(night.counts(Scope())):
            yield check.untruth(
                "sla counts", f"Sla(by={by!r})", due(answer.summary), number(night.counts(Scope()))
            )
        for item in answer.items:
            value = item[by]
            scope = Scope(owner=value) if by == "owner" else Scope(**{by: value})
            if due(item) != (true := number(night.counts(scope))):
                yield check.untruth(
                    f"sla counts by {by}", f"Sla(by={by!r}): {value!r}", due(item), true
                )


def due(values: Any) -> int:
    return sum(int(values[name]) for name in ("late", "due_this_week", "later", "no_deadline"))
