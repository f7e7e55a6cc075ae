"""Counts of resources by what the absence of findings proves for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sre_findings.model.coverage.gaps import scan_gap
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import holds_others, proves
from sre_findings.model.snapshots.states import Cell

Place = tuple[str, str, str, str]


class Silence:
    """Counts resources by whether the absence of findings is proof, from rows of coverage.

    It applies the same rule as the verdict on one resource.
    """

    def __init__(self, as_of: datetime) -> None:
        self._as_of = as_of
        self._active: dict[Cell, set[Place]] = {}
        self._uncovered: set[Place] = set()
        self._doubtful: set[Place] = set()
        self._proven: set[Place] = set()
        self._waiting: set[Place] = set()  # without the required scan so far

    def add(self, row: Coverage, until: datetime | None = None) -> None:
        """Adds a row, which was read at ``until``."""
        place = row.place
        if row.active:
            cell = Cell(row.account_id, row.region, row.resource_type, row.scan_type)
            self._active.setdefault(cell, set()).add(place)
        else:
            self._uncovered.add(place)
        if scan_gap(row, self._as_of, until):
            self._doubtful.add(place)
        if not holds_others(row.resource_type):
            (self._proven if proves(row) else self._waiting).add(place)

    def add_unlisted(self, row: Coverage) -> None:
        """Adds a resource with findings that coverage does not list."""
        self._doubtful.add(row.place)

    def switch_off(self, cells: Iterable[Cell]) -> None:
        """Counts what was added of these cells as not scanned.

        ``*`` as resource type and scan type means everything in the account and region.
        """
        off = set(cells)
        for cell, places in self._active.items():
            if cell in off or Cell(cell.account_id, cell.region, "*", "*") in off:
                self._uncovered |= places

    @property
    def uncovered(self) -> int:
        """Resources with at least one scan type that is not ACTIVE, or switched off."""
        return len(self._uncovered)

    @property
    def doubtful(self) -> int:
        """Further resources for which the absence of findings proves nothing.

        They were not scanned recently, not yet, or not for packages, or their type is unknown.
        """
        return len((self._doubtful | (self._waiting - self._proven)) - self._uncovered)

    @property
    def proven(self) -> int:
        """Resources for which the absence of findings proves that they have none."""
        return len(self._proven - self._doubtful - self._uncovered)
