"""One module for each question, named as its command. Its SQL is in ``sql/``.

``ask`` is the only way to a number: the command line, the server, reports and digests call it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from sre_findings.questions.question import Question
    from sre_findings.sources.sources import Sources

A = TypeVar("A")

# Each question by its name, with the module and the function that answer it.
QUERIES = {
    "vulnerabilities": ("vulnerabilities", "vulnerabilities"),
    "summary": ("summary", "summary"),
    "coverage": ("coverage", "coverage"),
    "changes": ("changes", "changes"),
    "trend": ("trend", "trend"),
    "sla": ("sla", "sla"),
    "time-to-fix": ("sla", "time_to_fix"),
    "priorities": ("priorities", "priorities"),
    "where": ("where", "where"),
    "suppressions": ("suppressions", "suppressions"),
    "fixes": ("fixes", "fixes"),
    "images": ("fixes", "images"),
    "findings": ("findings", "findings"),
    "export": ("findings", "export_page"),
    "file": ("export_file", "export_file"),
    "snapshots": ("snapshots", "snapshots"),
    "operations": ("operations", "operations"),
}

_WHOLE = ("vulnerabilities", "summary", "coverage")  # their answers are no lists


def ask(question: Question[A], sources: Sources) -> A:
    """The answer to a question. An empty list is given only for a place that exists and was read.

    The question's module is imported now, so that a command starts with what it needs alone.
    """
    module, function = QUERIES[question.name]
    answer = getattr(import_module(f"{__name__}.{module}"), function)(question, sources)
    if question.name in _WHOLE:
        return cast("A", answer)
    from sre_findings.sources.places import certain

    return cast("A", certain(answer, sources))
