"""The findings of one account in one region, in the order of their ARNs.

They can be found and paged without listing all of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from functools import partial
from hashlib import blake2b
from itertools import accumulate
from math import gcd
from typing import TYPE_CHECKING, Protocol

from sre_simulator.fields import Layer
from sre_simulator.fleet.finding import GeneratedRow
from sre_simulator.fleet.resource import partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sre_simulator.filters import Criteria
    from sre_simulator.fleet.finding import RecordedRow, Row
    from sre_simulator.fleet.resource import Resource, Wire
    from sre_simulator.vulnerabilities.vulnerability import Weakness

_LISTED = 60_000  # a filter that matches at most this many findings of a cell is evaluated first
_REMEMBERED = 8


class Cell(Protocol):
    """One account in one region."""

    @property
    def account(self) -> str:
        """The account's id."""
        ...

    @property
    def region(self) -> str:
        """The name of the region."""
        ...

    def rows(self, after: str, criteria: Criteria) -> Iterator[Row]:
        """Yields the matching findings after an ARN, ascending.

        The criteria apply to the resource and the vulnerability.
        """
        ...

    def find(self, arn: str) -> Row | None:
        """Returns the finding with an ARN."""
        ...

    def coverage(self, now: float) -> list[Wire]:
        """Returns the rows of ListCoverage."""
        ...


class _Selection:
    """The positions in a cell that match a filter.

    They are listed, or evaluated one by one if there are too many.
    """

    def __init__(self, cell: GeneratedCell, criteria: Criteria) -> None:
        self._criteria = criteria
        self._verdicts: dict[int, bool] = {}
        self._judges = criteria.asks(Layer.WEAKNESS)
        self.resources = [
            not criteria.asks(Layer.RESOURCE) or criteria.holds(Layer.RESOURCE, each.part)
            for each in cell.resources
        ]
        self.places = self._listed(cell)

    def admits(self, weakness: Weakness) -> bool:
        """Returns whether a vulnerability matches the criteria. Each is evaluated once."""
        if not self._judges:
            return True
        verdict = self._verdicts.get(id(weakness))
        if verdict is None:
            verdict = self._verdicts[id(weakness)] = self._criteria.holds(
                Layer.WEAKNESS, weakness.part
            )
        return verdict

    def _listed(self, cell: GeneratedCell) -> array[int] | None:
        if all(self.resources) and not self._judges:
            return None
        shared: dict[int, list[int]] = {}
        found: list[int] = []
        for place, resource in enumerate(cell.resources):
            if self.resources[place]:
                found += (cell.offset(place) + slot for slot in self._slots(resource, shared))
            if len(found) > _LISTED:
                return None
        return array("Q", sorted(cell.place_of(number) for number in found))

    def _slots(self, resource: Resource, shared: dict[int, list[int]]) -> Iterator[int]:
        own = len(resource.own)
        yield from (
            slot
            for slot, weakness in enumerate(resource.own[: resource.size])
            if self.admits(weakness)
        )
        key = id(resource.shared)
        if key not in shared:
            shared[key] = [
                slot for slot, weakness in enumerate(resource.shared) if self.admits(weakness)
            ]
        yield from (own + slot for slot in shared[key] if own + slot < resource.size)


class GeneratedCell:
    """A cell with generated findings, which are not kept in memory.

    The n findings of its resources are numbered resource by resource, and an affine permutation
    maps a position in ARN order to such a number. The first 64 bits of the hexadecimal id increase
    with the position, and the rest is a digest. So ids look random, are in order by construction,
    and their position can be computed from them.
    """

    def __init__(self, account: str, region: str, resources: Sequence[Resource], seed: int) -> None:
        self.account = account
        self.region = region
        self.resources = resources
        self.prefix = f"arn:{partition(region)}:inspector2:{region}:{account}:finding/"
        self._key = f"{seed}/{region}/{account}".encode()[:64]
        self._offsets = [0, *accumulate(resource.size for resource in resources)]
        self.size = self._offsets[-1]
        self._step = 2**64 // max(self.size, 1)
        self._factor = _coprime(self.size)
        self._inverse = pow(self._factor, -1, self.size) if self.size > 1 else 0
        self._selections: OrderedDict[str, _Selection] = OrderedDict()

    def rows(self, after: str, criteria: Criteria) -> Iterator[Row]:
        """Yields the findings after an ARN, ascending, computed lazily."""
        if criteria.arns is not None:
            named = (self.find(arn) for arn in criteria.arns if arn > after)
            yield from (row for row in named if row and self._admits(row, criteria))
            return
        selection = self._selection(criteria)
        for place in self._places(selection, self._first_after(after)):
            resource, slot = self._at(place)
            if selection.places is None and not selection.resources[resource]:
                continue
            owner = self.resources[resource]
            weakness = owner.weakness(slot)
            if selection.places is not None or selection.admits(weakness):
                yield GeneratedRow(partial(self._arn, place), owner, weakness, owner.lives[slot])

    def find(self, arn: str) -> Row | None:
        """Returns the finding with an ARN, computed from its position."""
        place = self._first_after(arn) - 1
        if place < 0 or place >= self.size or self._arn(place) != arn:
            return None
        resource, slot = self._at(place)
        owner = self.resources[resource]
        return GeneratedRow(
            partial(self._arn, place), owner, owner.weakness(slot), owner.lives[slot]
        )

    def coverage(self, now: float) -> list[Wire]:
        """Returns the coverage rows of its resources."""
        return [row for resource in self.resources for row in resource.coverage(now)]

    def offset(self, resource: int) -> int:
        """Returns the number of a resource's first finding."""
        return self._offsets[resource]

    def place_of(self, number: int) -> int:
        """Returns the position in ARN order of a number."""
        return number * self._inverse % self.size if self.size > 1 else 0

    def _admits(self, row: Row, criteria: Criteria) -> bool:
        return criteria.holds(Layer.RESOURCE, row.resource_part) and criteria.holds(
            Layer.WEAKNESS, row.weakness_part
        )

    def _selection(self, criteria: Criteria) -> _Selection:
        if criteria.key not in self._selections:
            self._selections[criteria.key] = _Selection(self, criteria)
            if len(self._selections) > _REMEMBERED:
                self._selections.popitem(last=False)
        return self._selections[criteria.key]

    def _places(self, selection: _Selection, start: int) -> Iterable[int]:
        if selection.places is None:
            return range(start, self.size)
        first = bisect_left(selection.places, start)
        return (selection.places[index] for index in range(first, len(selection.places)))

    def _at(self, place: int) -> tuple[int, int]:
        number = place * self._factor % self.size
        resource = bisect_right(self._offsets, number) - 1
        return resource, number - self._offsets[resource]

    def _arn(self, place: int) -> str:
        digest = int.from_bytes(
            blake2b(place.to_bytes(8, "big"), key=self._key, digest_size=16).digest(), "big"
        )
        head = place * self._step + (digest >> 64) % self._step
        return f"{self.prefix}{head:016x}{digest & 0xFFFFFFFFFFFFFFFF:016x}"

    def _first_after(self, arn: str) -> int:
        """Returns the first position with a greater ARN."""
        if not arn.startswith(self.prefix):
            return 0 if arn < self.prefix else self.size
        digits = arn[len(self.prefix) :][:16].ljust(16, "0")
        try:
            place = min(int(digits, 16) // self._step, self.size)
        except ValueError:
            return self.size
        return place + 1 if place < self.size and self._arn(place) <= arn else place


def _coprime(size: int) -> int:
    factor = max(int(size * 0.618), 1)
    while gcd(factor, max(size, 1)) != 1:
        factor += 1
    return factor


class RecordedCell:
    """A cell of recorded findings, with coverage derived from them."""

    def __init__(
        self, account: str, region: str, rows: Iterable[RecordedRow], covered: list[Wire]
    ) -> None:
        self.account = account
        self.region = region
        self._rows = {row.arn: row for row in sorted(rows, key=lambda row: row.arn)}
        self._covered = covered

    def rows(self, after: str, criteria: Criteria) -> Iterator[Row]:
        """Yields the recorded findings after an ARN, ascending."""
        for arn, row in self._rows.items():
            if (
                arn > after
                and criteria.holds(Layer.RESOURCE, row.resource_part)
                and criteria.holds(Layer.WEAKNESS, row.weakness_part)
            ):
                yield row

    def find(self, arn: str) -> Row | None:
        """Returns the recorded finding with an ARN."""
        return self._rows.get(arn)

    def coverage(self, now: float) -> list[Wire]:
        """Returns the derived rows, the same at any time."""
        del now
        return self._covered
