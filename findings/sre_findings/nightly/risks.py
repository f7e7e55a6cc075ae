"""The vulnerabilities with the highest risk, each with its owners and due date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.engine.catalogue import Engine
from sre_findings.model.sla.policy import due
from sre_findings.model.timestamps import day_of
from sre_findings.queries.priorities import priorities
from sre_findings.questions.remediation import Priorities
from sre_findings.sources.sources import Sources

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.priorities import Priority

RISKS = 5  # vulnerabilities: more would push the fix plan off the first screen


class Risk(NamedTuple):
    """One vulnerability of the risk ranking.

    ``owners`` are those of its resources, an empty one for unassigned resources. ``due_on`` is the
    due date of its oldest finding; None if it has none.
    """

    priority: Priority
    owners: Sequence[str]
    due_on: date | None


def top_risks(engine: Engine, here: Sources, as_of: str | None) -> list[Risk]:
    """Returns the start of the ranking of ``priorities``; ``engine`` reads the same snapshot."""
    first = priorities(Priorities(count=RISKS, as_of=as_of), here).items
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in engine.rows(
        "risk_owners", vulnerabilities=[one["vulnerability_id"] for one in first]
    ):
        owners[row["vulnerability_id"], row["type"]].append(row["owner"])
    return [
        Risk(one, owners[one["vulnerability_id"], one["type"]], _due_on(one, here)) for one in first
    ]


def _due_on(one: Priority, here: Sources) -> date | None:
    return due(
        here.policy, one["severity"], day_of(one["first_observed_on"]), day_of(one["kev_due"])
    ).on
