"""Where Inspector is disabled, as far as that affects a query about one resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sre_findings.model.answers.verdict import SCANS
from sre_findings.model.coverage.rules import RULES
from sre_findings.model.resources.resource import Resource
from sre_findings.model.snapshots.states import Cell

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine


def switched_off(engine: Engine, like: Resource | None) -> list[Cell]:
    """Returns the disabled cells in which a resource like this would be scanned.

    Its account and region may be empty, which matches all. Without a resource, returns every
    disabled cell. Only the scan type that proves a scan counts: a function whose code is not
    scanned is still scanned for packages.
    """
    wanted = {
        "types": [like.resource_type] if like else None,
        "accounts": [like.account_id] if like and like.account_id else None,
        "regions": [like.region] if like and like.region else None,
    }
    found = [
        Cell(*(row[name] for name in Cell._fields))
        for row in engine.rows("disabled_scans", **wanted)
    ]
    return [cell for cell in found if is_proof(cell)]


def is_proof(cell: Cell) -> bool:
    """Returns whether the cell's resources are unknown without its scan type."""
    rule = RULES.get(cell.resource_type)
    return rule is None or rule.proof == cell.scan_type


def kinds(cells: Sequence[Cell]) -> str:
    """Returns the names of the disabled scans, separated by commas."""
    return ", ".join(sorted({SCANS.get(cell[2:], cell.resource_type) for cell in cells}))
