"""What remains, and becomes overdue, if the first upgrades of the fix plan are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.findings.ranking import risk_parameters
from sre_findings.model.findings.severity import OTHER
from sre_findings.model.quantity import quantity
from sre_findings.model.sla.ages import Ages, Bucket, bucketed, due_of, lateness
from sre_findings.model.sla.policy import Policy
from sre_findings.model.sql_parameters import parameters
from sre_findings.model.text import Text, phrase
from sre_findings.model.timestamps import iso_date
from sre_findings.queries import resource_lookup
from sre_findings.queries.fixes import KINDS, Key, needs_of
from sre_findings.queries.resource_lookup import optional_in
from sre_findings.questions.remediation import FixEffects
from sre_findings.remediation.fix_plan import INSTANCE, Line, plan
from sre_findings.rows.values import severity_word
from sre_findings.sources.deadlines import today_of
from sre_findings.sources.places import place_of, within
from sre_findings.sources.sources import Sources, find

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import (
        Effect,
        FixEffect,
        FixEffectsAnswer,
        FixEffectsFacts,
    )

Rows = Sequence[Mapping[str, Any]]
_SOON = 7, 30  # days
_SHOWN = (
    Shown("severity", "Severity", "severity"),
    Shown("findings", "Open", "number"),
    Shown("resolved", "Resolved", "number"),
    Shown("remaining", "Remaining", "number"),
    Shown("kev", "KEV", "number"),
    Shown("overdue", "Overdue", "number"),
    Shown("overdue_in_7_days", "+7 days", "number"),
    Shown("overdue_in_30_days", "+30 days", "number"),
)


def fix_effects(question: FixEffects, sources: Sources) -> FixEffectsAnswer:
    """Open findings by severity: how many the first ``applied`` upgrades resolve, and the others.

    KEV and overdue count the remaining findings; due dates follow the current policy.
    """
    found = find(sources, question.as_of)
    found = within(found, place_of(question.filters, question.types))
    wanted = parameters(types=question.types) | question.filters.parameters()
    filters = resource_lookup.narrowed(wanted, optional_in(found, question.resource))
    needs, lists = needs_of(found.engine, {**risk_parameters(sources.policy), **filters})
    lines = plan(needs)
    closed = _closed(lines[: question.applied], lists)
    rows = found.engine.rows("fix_effects", **filters)
    today = today_of(found, question.as_of)
    by_rank: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_rank.setdefault(min(int(row["severity_rank"]), OTHER), []).append(row)
    items: list[FixEffect] = [
        {
            "severity": severity_word(rank),
            **_effect(by_rank[rank], closed, sources.policy, today),
        }
        for rank in sorted(by_rank)
    ]
    applied = min(question.applied, len(lines))
    facts = _facts(rows, closed, sources.policy, today, (applied, len(lines)))
    headline, notes = _headline(facts, question), _notes(facts)
    fields = [one.field for one in _SHOWN]
    return ListAnswer(
        headline, "severities", items, len(items), fields, _SHOWN, found.proof, facts, notes
    )


def _closed(lines: Sequence[Line], lists: Mapping[int, Sequence[Key]]) -> set[tuple[str, str, Key]]:
    """The kind, platform and package list of the findings that these lines resolve."""
    return {
        (line.kind, line.platform, key)
        for line in lines
        for need in line.needs
        for key in lists[need]
    }


def _is_closed(row: Mapping[str, Any], closed: set[tuple[str, str, Key]]) -> bool:
    if row["packages_id"] is None:
        return False
    kind = KINDS.get(row["resource_type"], INSTANCE)
    return (kind, row["platform"], (row["region"], int(row["packages_id"]))) in closed


def _effect(rows: Rows, closed: set[tuple[str, str, Key]], policy: Policy, today: date) -> Effect:
    left = [row for row in rows if not _is_closed(row, closed)]
    total, remaining = _count(rows), _count(left)
    ages = bucketed(
        (Bucket(row["due_rank"], row["opened_on"] or "", row["kev_due"] or ""), row["findings"])
        for row in left
    )
    late = lateness(ages, policy, today)
    week, month = (
        lateness(ages, policy, today + timedelta(days)).late - late.late for days in _SOON
    )
    return {
        "findings": total,
        "resolved": total - remaining,
        "remaining": remaining,
        "kev": _count(row for row in left if row["kev_due"]),
        "kev_unchecked": _count(row for row in left if row["unchecked"]),
        "overdue": late.late,
        "overdue_in_7_days": week,
        "overdue_in_30_days": month,
        "no_due_date": late.no_deadline,
        "next_due_on": _next(ages, policy, today),
    }


def _count(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(row["findings"]) for row in rows)


def _next(ages: Ages, policy: Policy, today: date) -> str | None:
    days = (due_of(one, policy).on for one in ages.buckets)
    return iso_date(min((day for day in days if day and day >= today), default=None))


def _facts(
    rows: Rows,
    closed: set[tuple[str, str, Key]],
    policy: Policy,
    today: date,
    upgrades: tuple[int, int],
) -> FixEffectsFacts:
    applied, every = upgrades
    facts: FixEffectsFacts = {
        "applied": applied,
        "upgrades": every,
        "today": iso_date(today),
        **_effect(rows, closed, policy, today),
    }
    return facts


def _headline(facts: FixEffectsFacts, question: FixEffects) -> Text:
    of = (
        phrase(" of {}", question.resource)
        if question.resource
        else phrase("{}", question.filters.words())
    )
    return phrase(
        "{} of {:,} in the plan{} would resolve {:,} of {}; {:,} would remain, {} in CISA KEV and"
        " {:,} overdue.",
        quantity(facts["applied"], "upgrade"),
        facts["upgrades"],
        of,
        facts["resolved"],
        quantity(facts["findings"], "open finding"),
        facts["remaining"],
        phrase("at least {:,}" if facts["kev_unchecked"] else "{:,}", facts["kev"]),
        facts["overdue"],
    )


def _notes(facts: FixEffectsFacts) -> list[Text]:
    found = [
        phrase(
            "Of those that would remain, {:,} more become overdue within 7 days, {:,} within 30.",
            facts["overdue_in_7_days"],
            facts["overdue_in_30_days"],
        )
    ]
    if facts["no_due_date"]:
        without = quantity(facts["no_due_date"], "finding")
        found.append(phrase("Not counted as overdue: {} without a due date.", without))
    if facts["kev_unchecked"]:
        found.append(phrase("Without KEV data: {}.", quantity(facts["kev_unchecked"], "finding")))
    return found
