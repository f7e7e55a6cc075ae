"""Overdue findings, due dates, and the time to remediate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sre_findings.engine import aggregates
from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.errors import UsageError
from sre_findings.model.quantity import quantity
from sre_findings.model.sla.ages import Ages, Lateness, bucketed, lateness
from sre_findings.model.sla.survival import time_to_fix as estimate
from sre_findings.model.snapshots.query_scope import Place
from sre_findings.model.snapshots.rollup import ORGANIZATION, Scope
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso_date
from sre_findings.queries.resource_lookup import resolve_in
from sre_findings.questions.history import DueDates, Sla, SurvivalCurves, TimeToFix
from sre_findings.rows.values import severity_word
from sre_findings.sources import rollup_access
from sre_findings.sources.places import place_of, within
from sre_findings.sources.sources import Found, Sources, find, found_in

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.sla import Group, Late, SlaAnswer, SlaFacts
    from sre_findings.model.answers.time_to_fix import (
        FixTimesOfGroup,
        TimeToFixAnswer,
        TimeToFixFacts,
    )

_LATE = (
    Shown("late", "Overdue", "number"),
    Shown("due_this_week", "Due this week", "number"),
    Shown("later", "Later", "number"),
    Shown("no_deadline", "No due date", "number"),
    Shown("oldest_days_late", "Most overdue (days)", "number"),
)
_LIVES = (
    Shown("median_days", "Median (days)", "number"),
    Shown("p90_days", "p90 (days)", "number"),
    Shown("patched", "Patched", "number"),
    Shown("unpatched", "Not patched", "number"),
)


def sla(question: Sla, sources: Sources) -> SlaAnswer:
    """What is overdue and what is due this week, in total and by group.

    Due dates follow the current policy. Raises UsageError if the grouping is not known.
    """
    check_group(question.by)
    found = find(sources, question.as_of)
    found = within(found, Place(owners=question.owners))
    every, notes = (
        ages_by(found, sources, question)
        if question.resource is None
        else (_ages_of(question.resource, found), ())
    )
    today = found.commit.started_at.date() if question.as_of else sources.now().date()
    late = {scope: lateness(ages, sources.policy, today).to_json() for scope, ages in every.items()}
    groups = [(scope.value, one) for scope, one in late.items() if scope.kind == question.by]
    groups.sort(key=lambda pair: (-pair[1]["late"], -pair[1]["due_this_week"], pair[0]))
    items: list[Late] = [{**group_of(question.by, value), **one} for value, one in groups]
    whole = late.get(Scope(ORGANIZATION), Lateness().to_json())
    of = phrase(" of {}", question.resource) if question.resource else ""
    headline = phrase(
        "{}{} {} overdue, {:,} more due within a week.",
        quantity(whole["late"], "finding"),
        of,
        (phrase("is") if whole["late"] == 1 else phrase("are")),
        whole["due_this_week"],
    )
    shown = (Shown(question.by, question.by.capitalize(), "wide"), *_LATE)
    fields = [one.field for one in shown]
    summary: SlaFacts = {
        "today": iso_date(today),
        "policy": sources.policy.to_json(),
        **whole,
    }
    return ListAnswer(
        headline, question.by + "s", items, len(items), fields, shown, found.proof, summary, notes
    )


def check_group(by: str) -> None:
    """Raises UsageError if due dates cannot be grouped by this."""
    if by not in ("owner", "account", "region", "type"):
        raise UsageError(
            phrase("due dates cannot be grouped by {!r}", by),
            do=phrase("Use one of: owner, account, region, type."),
        )


def group_of(by: str, value: str) -> Group:
    """The value of a group, under the name that the answer's rows use."""
    match by:
        case "owner":
            return {"owner": value}
        case "account":
            return {"account": value}
        case "region":
            return {"region": value}
        case _:
            return {"type": value}


def ages_by(
    found: Found, sources: Sources, question: Sla | DueDates
) -> tuple[dict[Scope, Ages], tuple[str, ...]]:
    """The ages of findings, in total and by group: from the table if available, or from Parquet.

    Also returns notes: that the table lacks them.
    """
    kinds = (ORGANIZATION, question.by)
    if question.owners:
        return aggregates.ages(found.engine, question.owners), ()
    if not rollup_access.can_read(found, sources, *kinds):
        return aggregates.ages(found.engine), rollup_access.not_in_table(sources, *kinds)
    pairs = (pair for kind in kinds for pair in rollup_access.ages(found, sources, kind))
    return dict(pairs), ()


def _ages_of(text: str, found: Found) -> dict[Scope, Ages]:
    """The ages for one resource, under the scope of the organization.

    Raises UsageError if the text does not identify a resource.
    """
    one, _ = resolve_in(found, text)
    known = aggregates.resource_ages(found.engine, [one.resource_id])
    ages = known.get((one.resource_id, one.account_id, one.region), Ages())
    return {Scope(ORGANIZATION): bucketed(ages.buckets.items())}


def time_to_fix(question: TimeToFix, sources: Sources) -> TimeToFixAnswer:
    """The time to remediate, in total and by group.

    Open findings count for as long as they have been open.
    """
    found, groups = lives_of(question, sources)
    items: list[FixTimesOfGroup] = [
        {"value": value, **estimate(lives).to_json()} for value, lives in groups.items()
    ]
    whole = estimate(life for lives in groups.values() for life in lives)
    of = quantity(whole.patched + whole.unpatched, "finding") + question.filters.words()
    period = phrase("in the last {}", quantity(question.days, "day"))
    headline = (
        phrase(
            "Median time to remediate: {}, over {} {}.",
            quantity(whole.median_days, "day"),
            of,
            period,
        )
        if whole.median_days is not None
        else phrase("No median: {:,} of {} were patched {}.", whole.patched, of, period)
    )
    shown = (Shown("value", question.by.capitalize(), "wide"), *_LIVES)
    fields = [one.field for one in shown]
    summary: TimeToFixFacts = {
        "by": question.by,
        "days": question.days,
        "all": whole.to_json(),
    }
    return ListAnswer(headline, "groups", items, len(items), fields, shown, found.proof, summary)


Life = tuple[int, int, int]
"""Days, findings patched after that many days, and findings last observed unpatched."""


def lives_of(
    question: TimeToFix | SurvivalCurves, sources: Sources
) -> tuple[Found, dict[str, list[Life]]]:
    """The snapshot, and the lives of findings by group, with the groups in order.

    Raises UsageError if the grouping is not known.
    """
    if question.by not in ("severity", "owner", "account"):
        raise UsageError(
            phrase("time to remediate cannot be grouped by {!r}", question.by),
            do=phrase("Use one of: severity, owner, account."),
        )
    commits = sources.stores.snapshots.commits()
    found = within(found_in(commits, question.as_of, sources), place_of(question.filters))
    head = found.commit
    first = head.started_at - timedelta(days=question.days)
    engine = sources.open(
        [one for one in commits if one.sequence <= head.sequence and one.started_at >= first]
    )
    today = iso_date(head.started_at)
    groups: dict[str, list[Life]] = {}
    for row in engine.rows(
        "time_to_fix", by=question.by, today=today, **question.filters.parameters()
    ):
        groups.setdefault(row["value"], []).append(
            (int(row["days"]), int(row["patched"]), int(row["unpatched"]))
        )
    return found, {_named(question.by, value): groups[value] for value in sorted(groups)}


def _named(by: str, value: str) -> str:
    return (severity_word(int(value)) or "") if by == "severity" else value
