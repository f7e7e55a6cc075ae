"""The vulnerabilities with the highest risk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sre_findings.nightly.report import Material
from sre_findings.nightly.risks import Risk
from sre_reports import wording

REASONS = 2  # reasons of a line, so that it stays short; `sre-cli priorities` has all
_SHOWN_ELSEWHERE = ("in kev", "not in kev")  # a line shows KEV and its due date apart


@dataclass(frozen=True, slots=True)
class Line:
    """One vulnerability. ``query`` finds its findings in the table of findings.

    ``due`` is its due date in words, empty if it has none, and ``late`` is true if that has passed.
    ``owner`` is empty if there are several.
    """

    name: str
    query: str
    severity: str
    kev: bool
    due: str
    late: bool
    resources: str
    owner: str
    why: str


def lines(material: Material) -> list[Line]:
    """Returns the first vulnerabilities of the risk ranking."""
    return [_line(one, material.today) for one in material.risks]


def _line(one: Risk, today: date) -> Line:
    item = one.priority
    known = item["type"] == "PACKAGE_VULNERABILITY"
    name = item["vulnerability_id"] if known else item["title"] or item["vulnerability_id"]
    severity = item["severity"].lower()
    return Line(
        name,
        name,
        severity if severity in wording.SEVERITIES else "other",
        item["kev"] is True,
        _due(one.due_on, today),
        one.due_on is not None and one.due_on < today,
        wording.number(item["resources"], "resource"),
        _owner(one),
        _reasons(item["why"]),
    )


def _due(due_on: date | None, today: date) -> str:
    if due_on is None:
        return ""
    left = (due_on - today).days
    if left < 0:
        return f"{-left:,} d overdue"
    return f"due in {left:,} d" if left else "due today"


def _owner(one: Risk) -> str:
    """Returns the only owner; nothing if there are several."""
    return (one.owners[0] or wording.UNASSIGNED.lower()) if len(one.owners) == 1 else ""


def _reasons(why: str) -> str:
    """Returns the first reasons of a sentence of the ranking, which separates them with "; "."""
    every = why.removesuffix(".").split("; ")
    first = [one for one in every if not one.lower().startswith(_SHOWN_ELSEWHERE)][:REASONS]
    text = "; ".join(first or every[:REASONS])
    return f"{text[:1].upper()}{text[1:]}."
