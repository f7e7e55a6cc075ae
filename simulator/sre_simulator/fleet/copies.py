"""Recorded findings served as many copies, so that a few hundred become a million.

A copy has its own finding ARNs and resource ids, and a group of copies shares its own
vulnerabilities. Only eight bytes are kept per finding: its JSON is made from the recorded one on
request.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from sre_simulator.fields import Layer
from sre_simulator.fleet.lifecycle import State, state_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from sre_simulator.filters import Criteria
    from sre_simulator.fleet.finding import RecordedRow, Row, Wire

# Number of copies that share vulnerabilities: a million findings from 250 recorded ones have
# 20,000.
ALIKE = 50
_ABSENT = 23  # one of this number of findings is absent on each day, a different one every time
_ODD = 0x9E3779B97F4A7C15  # spreads numbers over 64 bits; odd, so that it can be inverted
_BACK = pow(_ODD, -1, 2**64)
_WORD = 2**64 - 1


class CopiedRow:
    """One finding of one copy.

    Filters and counts read the recorded finding, except for the resource's id.
    """

    __slots__ = ("_cell", "_copy", "_place", "_recorded", "arn")

    def __init__(self, cell: CopiedCell, arn: str, copy: int, place: int) -> None:
        self.arn = arn
        self._cell, self._copy, self._place = cell, copy, place
        self._recorded = cell.recorded[place]

    @property
    def account(self) -> str:
        """The recorded account."""
        return self._recorded.account

    @property
    def named_account(self) -> str:
        """The recorded awsAccountId."""
        return self._recorded.named_account

    @property
    def resource_id(self) -> str:
        """The copy's resource."""
        return renamed(self._recorded.resource_id, self._copy)

    @property
    def resource_part(self) -> Wire:
        """The recorded finding with the copy's resource."""
        wire = self._recorded.resource_part
        return wire | {
            "resources": [
                self._recorded.resource | {"id": self.resource_id},
                *wire.get("resources", ())[1:],
            ]
        }

    @property
    def weakness_part(self) -> Wire:
        """The recorded finding."""
        return self._recorded.weakness_part

    @property
    def vulnerability(self) -> None:
        """None: a recording has no further details."""
        return

    @property
    def shared(self) -> object:
        """The object that all copies share."""
        return self._recorded

    def state(self, now: float, later: Sequence[Any] = ()) -> State | None:
        """Returns the recorded state with scripted changes, if the copy has the finding then."""
        if not self._cell.has(self._copy, self._place, now):
            return None
        recorded = self._recorded.state(now)
        return state_at(later, now, recorded.severity, recorded) if later and recorded else recorded

    def encoded(self, state: State, now: float, launched: float | None = None) -> bytes:
        """Returns the recorded JSON with the copy's ids in place of the recorded ones."""
        text = self._recorded.encoded(state, now, launched).replace(
            self._recorded.arn.encode(), self.arn.encode()
        )
        if known := self._recorded.resource_id:
            text = text.replace(known.encode(), self.resource_id.encode())
        weakness = str(
            (self.weakness_part.get("packageVulnerabilityDetails") or {}).get("vulnerabilityId", "")
        )
        alike = self._copy // ALIKE
        return (
            text.replace(weakness.encode(), f"{weakness}{alike:03d}".encode())
            if weakness and alike
            else text
        )


class CopiedCell:
    """One account in one region, with ``copies`` copies of its recorded findings.

    On each day the oldest twentieth of the copies is replaced by new ones. Of the rest, every 23rd
    finding is absent for that day.
    """

    def __init__(
        self,
        recorded: Sequence[RecordedRow],
        covered: Sequence[Wire],
        copies: int,
        nights: Sequence[float],
    ) -> None:
        self.account, self.region = recorded[0].account, recorded[0].arn.split(":")[3]
        self.recorded = recorded
        self._covered, self._copies, self._nights = covered, copies, nights
        self._turn = copies // 20
        self._every = copies + self._turn * (len(nights) - 1)
        self._heads = array(
            "Q", sorted(number * _ODD & _WORD for number in range(len(recorded) * self._every))
        )
        self._prefix = recorded[0].arn.rpartition("/")[0] + "/"

    def has(self, copy: int, place: int, now: float) -> bool:
        """Returns whether a copy has the finding at a position at a given time."""
        night = max(bisect_right(self._nights, now) - 1, 0)
        return (
            0 <= copy - night * self._turn < self._copies and (copy + place + night) % _ABSENT != 0
        )

    def rows(self, after: str, criteria: Criteria) -> Iterator[Row]:
        """Yields the findings after an ARN, ascending."""
        judged = criteria.asks(Layer.RESOURCE) or criteria.asks(Layer.WEAKNESS)
        for row in self._candidates(after, criteria):
            if not judged or _admits(criteria, row):
                yield row

    def _candidates(self, after: str, criteria: Criteria) -> Iterator[Row]:
        """Yields the findings after an ARN; only those with the ARNs that the criteria name."""
        if criteria.arns is not None:
            named = (self.find(arn) for arn in criteria.arns if arn > after)
            yield from (row for row in named if row is not None)
            return
        for index in range(self._beyond(after), len(self._heads)):
            yield self._row(self._heads[index])

    def find(self, arn: str) -> Row | None:
        """Returns the finding with an ARN, by its number."""
        index = self._beyond(arn) - 1
        if index < 0 or (row := self._row(self._heads[index])).arn != arn:
            return None
        return row

    def coverage(self, now: float) -> list[Wire]:
        """Returns the coverage of the copies that exist; each was scanned an hour ago."""
        night = max(bisect_right(self._nights, now) - 1, 0)
        there = range(night * self._turn, night * self._turn + self._copies)
        return [
            row | {"resourceId": renamed(row["resourceId"], copy), "lastScannedAt": now - 3600}
            for copy in there
            for row in self._covered
        ]

    def _row(self, head: int) -> CopiedRow:
        copy, place = divmod(head * _BACK & _WORD, len(self.recorded))
        return CopiedRow(self, f"{self._prefix}{head:016x}{place:08x}{copy:08x}", copy, place)

    def _beyond(self, arn: str) -> int:
        """Returns the index of the first finding with a greater ARN."""
        if not arn.startswith(self._prefix):
            return 0 if arn < self._prefix else len(self._heads)
        try:
            head = int(arn[len(self._prefix) :][:16].ljust(16, "0"), 16)
        except ValueError:
            return len(self._heads)
        index = bisect_left(self._heads, head)
        return index + (index < len(self._heads) and self._row(self._heads[index]).arn <= arn)


def renamed(resource_id: str, copy: int) -> str:
    """Returns the copy's id for a resource.

    It has other last digits if the id ends in hexadecimal digits, otherwise a number is appended.
    """
    head, tail = resource_id[:-6], resource_id[-6:]
    if not copy:
        return resource_id
    if len(tail) == 6 and not set(tail) - set("0123456789abcdef"):
        return f"{head}{(int(tail, 16) + copy) & 0xFFFFFF:06x}"
    return f"{resource_id}-{copy}"


def _admits(criteria: Criteria, row: Row) -> bool:
    return criteria.holds(Layer.RESOURCE, row.resource_part) and criteria.holds(
        Layer.WEAKNESS, row.weakness_part
    )
