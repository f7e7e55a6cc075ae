"""Where Inspector is switched off, as far as it touches a question about one resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sre_findings.model.answers.verdict import SCANS
from sre_findings.model.resources.coverage import RULES
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.states import Cell

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine


def switched_off(engine: Engine, like: Resource | None) -> list[Cell]:
    """The cells that are off and in which a resource like this would be scanned; its account and
    region may be empty.

    Without one, every cell that is off. Only the scan that proves something counts: a function
    whose code is not scanned is scanned.
    """
    wanted = {
        "types": [like.resource_type] if like else None,
        "accounts": [like.account_id] if like and like.account_id else None,
        "regions": [like.region] if like and like.region else None,
    }
    found = [
        Cell(*(row[name] for name in Cell._fields)) for row in engine.rows("switched_off", **wanted)
    ]
    return [cell for cell in found if is_proof(cell)]


def is_proof(cell: Cell) -> bool:
    """Whether nothing is known of the cell's resources without its scan."""
    rule = RULES.get(cell.resource_type)
    return rule is None or rule.proof == cell.scan_type


def kinds(cells: Sequence[Cell]) -> str:
    """What is off somewhere, in words."""
    return ", ".join(sorted({SCANS.get(cell[2:], cell.resource_type) for cell in cells}))
