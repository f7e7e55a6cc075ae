"""Counts of resources by what the absence of findings proves for them."""

from __future__ import annotations

from datetime import datetime

from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import (
    holds_others,
    proves,
    rule_of,
    scanned_too_long_ago,
    silent,
)

Place = tuple[str, str, str, str]


class Silence:
    """Counts resources by whether the absence of findings is proof, from rows of coverage.

    It applies the same rule as the verdict on one resource.
    """

    def __init__(self, as_of: datetime) -> None:
        self._as_of = as_of
        self._uncovered: set[Place] = set()
        self._doubtful: set[Place] = set()
        self._proven: set[Place] = set()
        self._waiting: set[Place] = set()  # without the required scan so far

    def add(self, row: Coverage, until: datetime | None = None) -> None:
        """Adds a row, which was read at ``until``."""
        place = (row.account_id, row.region, row.resource_type, row.resource_id)
        if not row.active:
            self._uncovered.add(place)
        if silent(row) or rule_of(row) is None or scanned_too_long_ago(row, self._as_of, until):
            self._doubtful.add(place)
        if not holds_others(row.resource_type):
            (self._proven if proves(row) else self._waiting).add(place)

    @property
    def uncovered(self) -> int:
        """Resources with at least one scan type that is not ACTIVE."""
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
