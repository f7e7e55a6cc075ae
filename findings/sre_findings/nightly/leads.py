"""The new vulnerabilities that a digest names first: critical ones and those in KEV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sre_findings.engine.catalogue import Engine
from sre_findings.model.findings.ranking import Candidate, rank
from sre_findings.model.sla.policy import due
from sre_findings.queries.fixes import single_fix
from sre_findings.queries.priorities import candidate
from sre_findings.sources.resource_labels import resource_labels
from sre_findings.sources.sources import Sources

LEADS = 5  # vulnerabilities: more would not be read


class Lead(NamedTuple):
    """A new vulnerability, on the resource where it is due first.

    ``resource`` is the label of the resource (see ``resource_labels``). ``more`` is the number of
    other resources with new findings of it. ``due_on`` is None without a due date, ``owner`` is
    empty for an unassigned resource. ``command`` is empty if none is safe; ``advice`` says what to
    do then.
    """

    vulnerability_id: str
    severity: str
    kev: bool | None
    exposed: bool
    resource: str
    resource_id: str
    account_id: str
    region: str
    owner: str
    due_on: date | None
    command: str
    advice: str
    more: int


def leads(engine: Engine, here: Sources, today: date) -> tuple[list[Lead], int]:
    """The first new vulnerabilities in the order of ``priorities``, and the number of all.

    ``engine`` reads the snapshots since the one compared with. Findings that were resolved
    meanwhile are left out.
    """
    known = {candidate(row): row for row in engine.rows("new_risks")}
    ranked = rank(known, here.policy, today)
    first = ranked[:LEADS]
    labels = resource_labels([known[one] for one in first], engine)
    found = [
        _lead(one, known[one], label, engine, here)
        for one, label in zip(first, labels, strict=True)
    ]
    return found, len(ranked)


def _lead(
    one: Candidate, row: Mapping[str, Any], label: str, engine: Engine, here: Sources
) -> Lead:
    command, advice = single_fix(engine, row) if row["packages_id"] is not None else (None, "")
    return Lead(
        row["vulnerability_id"] or row["subject"],
        one.severity,
        one.kev,
        bool(one.exposed),
        label,
        row["resource_id"],
        row["account_id"],
        row["region"],
        row["owner"] or "",
        due(here.policy, one.severity, one.first_seen, one.kev_due).on,
        command or "",
        advice,
        row["resources"] - 1,
    )
