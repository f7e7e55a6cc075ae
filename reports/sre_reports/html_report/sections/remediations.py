"""The first updates of the fix plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sre_findings.nightly.report import Material
from sre_reports import wording
from sre_reports.brief import distinguished

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.fixes import Fix

NAMED = 12  # resources listed for an update; its count covers all


@dataclass(frozen=True, slots=True)
class Step:
    """One update: what it upgrades, the findings that it resolves (``removes``), and its command.

    The command is empty if none can be built safely.
    """

    place: int
    what: str
    target: str
    advice: str
    command: str
    removes: int
    facts: str
    kev: int
    resources: int
    named: Sequence[str]


def steps(material: Material) -> list[Step]:
    """Returns the first updates, in the order of the fix plan."""
    lines = material.fixes.items
    return [_step(line, name) for line, name in zip(lines, distinguished(lines), strict=True)]


def _step(line: Fix, name: str) -> Step:
    packages = line["packages"]
    target = (packages[0]["fixed_in"] or "").removeprefix("0:") if len(packages) == 1 else ""
    counts = (("critical", line["critical"]), ("high", line["high"]))
    worst = [f"{count:,} {severity}" for severity, count in counts if count]
    facts = [wording.number(line["resources"], "resource"), *worst]
    named = [host["name"] or host["resource_id"] for host in line["hosts"][:NAMED]]
    return Step(
        line["place"],
        name,
        target,
        line["advice"],
        line["command"] or "",
        line["findings"],
        " · ".join(facts),
        line["kev"],
        line["resources"],
        named,
    )
