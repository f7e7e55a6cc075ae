"""The questions whose answers are lists, by name: one door for every mouth."""

from __future__ import annotations

import importlib
from typing import Any

from sre_findings.ask.places import certain
from sre_findings.ask.sources import Sources
from sre_findings.model.answers.list_answer import ListAnswer

# name: (module, function); the name is the command's and the tool's
DOORS = {
    "changes": ("changes", "changes"),
    "trend": ("trend", "trend"),
    "sla": ("deadlines", "sla"),
    "time-to-fix": ("deadlines", "time_to_fix"),
    "priorities": ("priorities", "priorities"),
    "where": ("exposure", "exposure"),
    "suppressions": ("suppressed", "suppressions"),
    "fixes": ("fixes", "fixes"),
    "findings": ("listing", "findings"),
    "export": ("listing", "whole"),
    "file": ("files", "promised"),
    "snapshots": ("nights", "snapshots"),
    "operations": ("operations", "operations"),
}


def ask(name: str, question: Any, sources: Sources) -> ListAnswer:
    """The answer to a question of DOORS; an empty one only of a place that was read (see
    ``places``).

    Its module is imported now: nobody pays for what is not asked.
    """
    module, function = DOORS[name]
    answer: ListAnswer = getattr(importlib.import_module(f"sre_findings.ask.{module}"), function)(
        question, sources
    )
    return certain(answer, sources)
