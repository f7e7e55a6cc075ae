"""Survival curves of findings: the data behind the medians of ``time_to_fix``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_findings.model.answers.list_answer import ListAnswer, Shown
from sre_findings.model.quantity import quantity
from sre_findings.model.sla.survival import Step, survival
from sre_findings.model.text import phrase
from sre_findings.queries.sla import lives_of
from sre_findings.questions.history import SurvivalCurves
from sre_findings.sources.sources import Sources

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.time_to_fix import CurveFacts, CurvesAnswer, CurveStep

_SHOWN = (
    Shown("day", "Day", "number"),
    Shown("watched", "At risk", "number"),
    Shown("patched", "Patched", "number"),
    Shown("unpatched", "Censored", "number"),
    Shown("share", "Not patched", "number"),
)


def curves(question: SurvivalCurves, sources: Sources) -> CurvesAnswer:
    """The Kaplan–Meier curve of each group, one row for each step.

    The median of a group is the first day with a share of at most one half.
    """
    found, groups = lives_of(question, sources)
    items: list[CurveStep] = [
        {
            "value": value,
            "day": step.day,
            "watched": step.watched,
            "patched": step.patched,
            "unpatched": step.unpatched,
            "share": step.share,
        }
        for value, some in groups.items()
        for step in survival(some)
    ]
    findings = sum(fixed + left for some in groups.values() for _, fixed, left in some)
    headline = phrase(
        "Survival of {}{} over {}.",
        quantity(findings, "finding"),
        question.filters.words(),
        quantity(question.days, "day"),
    )
    fields, shown = (
        ("value", *Step._fields),
        (Shown("value", question.by.capitalize(), "wide"), *_SHOWN),
    )
    summary: CurveFacts = {"by": question.by, "days": question.days, "findings": findings}
    return ListAnswer(headline, "steps", items, len(items), fields, shown, found.proof, summary)
