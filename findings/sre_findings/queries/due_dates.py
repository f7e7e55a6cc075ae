"""Open findings by due date: the data behind ``sla``."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.quantity import quantity
from sre_findings.model.sla.ages import Ages, due_of
from sre_findings.model.sla.policy import Policy
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso_date
from sre_findings.queries.sla import ages_by, check_group, group_of
from sre_findings.questions.history import DueDates
from sre_findings.rows.values import severity_word
from sre_findings.sources.places import within
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.sla import Due, DueDay, DueDaysAnswer, DueDaysFacts

_FIELDS = ("severity", "due_on", "days_left", "findings")
_SHOWN = (
    Shown("severity", "Severity", "severity"),
    Shown("due_on", "Due"),
    Shown("days_left", "Days left", "number"),
    Shown("findings", "Findings", "number"),
)


def due_dates(question: DueDates, sources: Sources) -> DueDaysAnswer:
    """Open findings by group, severity and due date, earliest first, without a due date last."""
    check_group(question.by)
    found = find(sources, question.as_of)
    found = within(found, Place(owners=question.owners))
    today = found.commit.started_at.date() if question.as_of else sources.now().date()
    every, notes = ages_by(found, sources, question)
    items: list[DueDay] = [
        {**group_of(question.by, scope.value), **row}
        for scope, ages in sorted(every.items())
        if scope.kind == question.by
        for row in _rows(ages, sources.policy, today)
    ]
    items.sort(key=lambda row: (row["due_on"] is None, row["due_on"] or ""))
    findings = sum(row["findings"] for row in items)
    headline = phrase("{} by due date.", quantity(findings, "open finding"))
    shown = (Shown(question.by, question.by.capitalize(), "wide"), *_SHOWN)
    summary: DueDaysFacts = {
        "today": iso_date(today),
        "policy": sources.policy.to_json(),
        "findings": findings,
    }
    return ListAnswer(
        headline,
        "deadlines",
        items,
        len(items),
        (question.by, *_FIELDS),
        shown,
        found.proof,
        summary,
        notes,
    )


def _rows(ages: Ages, policy: Policy, today: date) -> list[Due]:
    counts: Counter[tuple[int, date | None]] = Counter()
    for bucket, count in ages.buckets.items():
        counts[bucket.rank, due_of(bucket, policy).on] += count
    return [
        _row(rank, on, today, count)
        for (rank, on), count in sorted(counts.items(), key=lambda pair: pair[0][0])
    ]


def _row(rank: int, on: date | None, today: date, count: int) -> Due:
    return {
        "severity": severity_word(rank),
        "due_on": iso_date(on),
        "days_left": (on - today).days if on else None,
        "findings": count,
    }
