"""The command that most likely helps next, shown below an answer in a terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# IDs can have any form. A command that people copy has only plain ones.
_PLAIN = re.compile(r"-i|[A-Za-z0-9][A-Za-z0-9._:/@+$-]{0,299}", re.ASCII)


def next_step(command: str, answer: Any) -> str | None:
    """Returns a command for the answer of ``command``; None if there is no obvious one."""
    find = _STEPS.get(command)
    words = find(answer) if find else None
    if words is None or not all(map(_PLAIN.fullmatch, words)):
        return None
    return shlex.join(("sre-cli", *words))


def _of_resource(answer: Any) -> Sequence[str] | None:
    if answer.rollup.fixable and answer.proof.snapshot_id:
        return ("fixes", "-i", answer.resource.resource_id)
    return None if answer.verdict.verdict == "clean" or answer.findings else ("coverage",)


def _of_summary(answer: Any) -> Sequence[str] | None:
    return ("priorities",) if answer.rollup.counts.total else None


def _of_first(command: str, field: str) -> Callable[[Any], Sequence[str] | None]:
    """Returns a step that runs ``command`` for a field of the first item."""

    def step(answer: Any) -> Sequence[str] | None:
        items: Sequence[Mapping[str, Any]] = answer.items
        named = next((one[field] for one in items if one.get(field)), None)
        return (command, named) if named else None

    return step


def _of_life(answer: Any) -> Sequence[str] | None:
    facts: Mapping[str, Any] = answer.summary or {}
    steps = {"open": ("fixes", "-i", facts.get("resource_id", "")), "unknown": ("coverage",)}
    return steps.get(facts.get("life", ""))


def _of_differences(answer: Any) -> Sequence[str] | None:
    if not answer.items:
        return None
    worst = answer.items[0]
    return ("why", worst["vulnerability_id"], answer.summary[worst["only_on"]]["resource_id"])


def _of_items(*words: str) -> Callable[[Any], Sequence[str] | None]:
    """Returns a step that is the same for every answer with items."""
    return lambda answer: words if answer.items else None


_STEPS: Mapping[str, Callable[[Any], Sequence[str] | None]] = {
    "vulnerabilities": _of_resource,
    "summary": _of_summary,
    "priorities": _of_first("show", "vulnerability_id"),
    "show": _of_first("vulnerabilities", "resource_id"),
    "why": _of_life,
    "diff": _of_differences,
    "where": _of_first("vulnerabilities", "resource_id"),
    "changes": _of_first("vulnerabilities", "resource_id"),
    "fixes": _of_items("sla"),
    "sla": _of_items("priorities"),
    "trend": _of_items("changes"),
}
