"""Answers queries: one module for each, named like its command. The SQL is in ``sql/``.

All interfaces get their numbers through ``ask``: the command line, the server, reports and digests.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

from sre_findings.model.errors import NoSnapshot, StoreUnreadable

if TYPE_CHECKING:
    from sre_findings.questions.question import Question
    from sre_findings.sources.sources import Sources

A = TypeVar("A")

# The module and the function that answer each query, by its name.
QUERIES = {
    "vulnerabilities": ("vulnerabilities", "vulnerabilities"),
    "summary": ("summary", "summary"),
    "coverage": ("coverage", "coverage"),
    "changes": ("changes", "changes"),
    "trend": ("trend", "trend"),
    "sla": ("sla", "sla"),
    "due-dates": ("due_dates", "due_dates"),
    "time-to-fix": ("sla", "time_to_fix"),
    "survival": ("survival_curves", "curves"),
    "priorities": ("priorities", "priorities"),
    "where": ("where", "where"),
    "show": ("vulnerability_details", "vulnerability_details"),
    "diff": ("one_resource.resource_differences", "resource_differences"),
    "why": ("one_resource.vulnerability_life", "vulnerability_life"),
    "suppressions": ("suppressions", "suppressions"),
    "fixes": ("fixes", "fixes"),
    "images": ("fixes", "images"),
    "fix-effects": ("fix_effects", "fix_effects"),
    "findings": ("findings", "findings"),
    "finding": ("finding_details", "one_finding"),
    "export": ("findings", "export_page"),
    "file": ("export_file", "export_file"),
    "snapshots": ("snapshots", "snapshots"),
    "claims": ("claims.claim_list", "claims"),
    "take": ("claims.taking", "take"),
    "operations": ("operations", "operations"),
}

# Their answers are not lists, or they are about single resources, and only these must be read.
_WHOLE = ("vulnerabilities", "summary", "coverage", "finding", "why", "diff")


def ask(question: Question[A], sources: Sources) -> A:
    """The answer to a query. An empty list proves that the place exists and was read.

    If there is no snapshot, it is what the query declares for that case. The module of the query is
    imported here, so that a command loads only what it needs. Raises StoreUnreadable if JSON in the
    snapshot is nested more deeply than Inspector's.
    """
    module, function = QUERIES[question.name]
    query = getattr(import_module(f"{__name__}.{module}"), function)
    try:
        answer = query(question, sources)
    except NoSnapshot:
        return question.without_snapshot()
    except RecursionError as error:
        raise StoreUnreadable(
            "the snapshot cannot be used",
            why="its data is nested too deeply",
            do="Run: sre-cli snapshots verify.",
        ) from error
    if question.name in _WHOLE:
        return cast("A", answer)
    from sre_findings.sources.places import certain

    return cast("A", certain(answer, sources))
