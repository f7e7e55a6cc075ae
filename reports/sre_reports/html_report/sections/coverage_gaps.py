"""Coverage gaps by reason, with their remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sre_findings.model.answers.answer import CoverageAnswer
from sre_findings.model.coverage.reasons import explain, remedy
from sre_reports import wording

NAMED = 8  # resources listed for each reason


@dataclass(frozen=True, slots=True)
class Gap:
    """A reason, with its remedy and the number and first names of the resources that it affects."""

    reason: str
    why: str
    remedy: str
    resources: int
    named: Sequence[str]


def gaps(coverage: CoverageAnswer) -> list[Gap]:
    """Returns the coverage gaps by reason, those with the most affected resources first."""
    silent: dict[str, dict[tuple[str, str, str], str]] = {}
    for row in coverage.gaps:
        silent.setdefault(row.reason, {})[row.account_id, row.region, row.resource_id] = (
            row.name or row.resource_id
        )
    found = [_gap(reason, list(names.values())) for reason, names in silent.items()]
    return sorted(found, key=lambda gap: (-gap.resources, gap.reason))


def _gap(reason: str, names: Sequence[str]) -> Gap:
    return Gap(
        reason, wording.capital(explain(reason)), remedy(reason), len(names), sorted(names)[:NAMED]
    )
