"""The order of a listing under sortCriteria, and how it continues after a position."""

from __future__ import annotations

import heapq
from functools import total_ordering
from typing import TYPE_CHECKING, Any

from sre_simulator.fields import SORT_FIELDS, Layer, layer, values
from sre_simulator.fleet.changes import finding_member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sre_simulator.fleet.changes import Found

_SEVERITIES = ("UNTRIAGED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@total_ordering
class _Backwards:
    """A value that sorts in descending order."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and self.value == other.value

    def __lt__(self, other: _Backwards) -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]  # a sort key only


class Order:
    """One sortCriteria.

    Severity is sorted by rank, missing values are last in both directions, and ties are sorted by
    ascending ARN.
    """

    def __init__(self, criteria: dict[str, str]) -> None:
        self._field = criteria["field"]
        self._path = SORT_FIELDS[self._field]
        self._backwards = criteria["sortOrder"] == "DESC"

    def next(
        self, findings: Iterable[Found], position: list[Any] | None, count: int
    ) -> list[Found]:
        """Returns the first `count` findings after a position, in order."""
        start = self._key(*position) if position else None
        keyed = ((self._key(self.value(found), found[0].arn), found) for found in findings)
        beyond = (each for each in keyed if start is None or each[0] > start)
        return [found for _, found in heapq.nsmallest(count, beyond, key=lambda each: each[0])]

    def position(self, found: Found) -> list[Any]:
        """Returns the position of the last finding served, as stored in a token."""
        return [self.value(found), found[0].arn]

    def value(self, found: Found) -> Any:
        """Returns the sorted value of a finding; None if it has none."""
        row, state = found
        part = layer(self._path)
        if part is Layer.FINDING:
            value: Any = finding_member(self._path[0], row, state)
        else:
            wire = row.resource_part if part is Layer.RESOURCE else row.weakness_part
            value = next(values(wire, self._path), None)
        return _SEVERITIES.index(value) if self._field == "SEVERITY" else value

    def _key(self, value: Any, arn: str) -> tuple[bool, Any, str]:
        if value is None:
            return (True, 0, arn)
        return (False, _Backwards(value) if self._backwards else value, arn)
