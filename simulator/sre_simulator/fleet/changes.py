"""Scripted changes to a fleet while it is served. A listing that is being read sees them."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from sre_simulator.fields import Layer
from sre_simulator.filters import Criteria
from sre_simulator.fleet.finding import RecordedRow, Row
from sre_simulator.fleet.lifecycle import Event, Happening, State
from sre_simulator.fleet.upgrades import closed_by, upgraded
from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sre_simulator.fleet.organization import Fleet

Wire = dict[str, Any]
Found = tuple[Row, State]
_FINDING_TIMES = {"firstObservedAt": "first", "lastObservedAt": "last", "updatedAt": "updated"}
_KINDS = {"create", "upgrade"} | set(Happening) - {Happening.OPEN}
_IN_STATE = _FINDING_TIMES | {"severity": "severity", "status": "status"}


@dataclass(frozen=True, slots=True)
class Change:
    """A change to apply after the `after`-th call of an operation (in a region, if one is named).

    `kind` is create, close, terminate, suppress, unsuppress, reopen, delete, severity, touch or
    upgrade. It applies to the finding `arn`, to all findings of `resource_id`, or without both to
    the first finding in the region. `severity` is the new one. A create adds `finding`, as JSON, or
    a copy of the selected finding under a new ARN. An upgrade installs a `version`
    (epoch:version-release) of a resource's `package`: findings close when all their packages are
    upgraded and have a fix, and those that stay open show the new version.
    """

    kind: str
    after: int = 1
    operation: str = "ListFindings"
    region: str | None = None
    arn: str | None = None
    resource_id: str | None = None
    severity: str = ""
    finding: Wire | None = None
    package: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(
                f"unknown kind of change {self.kind!r}: known are {', '.join(sorted(_KINDS))}"
            )


class ScriptedFleet:
    """A fleet with its changes.

    While the fleet is served, its findings are read only through this class.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._events: dict[str, list[Event]] = {}
        self._starts: dict[str, float] = {}
        self._created: dict[tuple[str, str], dict[str, RecordedRow]] = {}
        self._upgrades: dict[str, dict[str, str]] = {}
        self.version = 0

    def findings(
        self, accounts: Sequence[str], region: str, criteria: Criteria, now: float, after: str = ""
    ) -> Iterator[Found]:
        """Yields the matching findings that exist at a given time, after an ARN, ascending."""
        judges = criteria.asks(Layer.FINDING)
        for account in sorted(accounts):
            for row in self._rows(region, account, criteria, after):
                state = self.state(row, now)
                if state is not None and (not judges or _meets(row, state, criteria)):
                    yield row, state

    def find(self, region: str, arn: str, now: float) -> Found | None:
        """Returns the finding with an ARN in a region, if it exists at a given time."""
        account = arn.split(":")[4]
        cell = self._fleet.cells.get((region, account))
        row = self._created.get((region, account), {}).get(arn) or (
            cell.find(arn) if cell else None
        )
        state = self.state(row, now) if row else None
        return (row, state) if row and state else None

    def state(self, row: Row, now: float) -> State | None:
        """Returns the state of a finding, with its changes."""
        return row.state(now, self._events.get(row.arn, ()) if self._events else ())

    def encoded(self, found: Found, now: float) -> bytes:
        """Returns a finding as JSON."""
        row, state = found
        body = row.encoded(state, now, self._starts.get(row.resource_id) if self._starts else None)
        upgrades = self._upgrades.get(row.resource_id)
        return upgraded(body, upgrades) if upgrades and state.status != "CLOSED" else body

    def apply(self, change: Change, region: str, now: float) -> None:
        """Applies a change in a region at a given time."""
        self.version += 1
        if change.kind == "create":
            self._create(change, region, now)
            return
        if change.kind == "upgrade":
            self._upgrade(change, region, now)
            return
        for row, _ in list(self._met(change, region, now)):
            self._events.setdefault(row.arn, []).append(
                Event(now, Happening(change.kind), change.severity)
            )
            if change.kind == Happening.TOUCH:
                self._starts[row.resource_id] = now

    def _upgrade(self, change: Change, region: str, now: float) -> None:
        upgrades = self._upgrades.setdefault(change.resource_id or "", {})
        upgrades[change.package] = change.version
        for row, _ in list(self._met(change, region, now)):
            if closed_by(row.weakness_part, upgrades):
                self._events.setdefault(row.arn, []).append(Event(now, Happening.CLOSE))

    def _rows(self, region: str, account: str, criteria: Criteria, after: str) -> Iterable[Row]:
        cell = self._fleet.cells.get((region, account))
        rows: Iterable[Row] = cell.rows(after, criteria) if cell else ()
        created = self._created.get((region, account))
        if not created:
            return rows
        new = [
            created[arn]
            for arn in sorted(created)
            if arn > after and _judged(created[arn], criteria)
        ]
        return heapq.merge(rows, new, key=lambda row: row.arn)

    def _met(self, change: Change, region: str, now: float) -> Iterator[Found]:
        if change.arn:
            found = self.find(region, change.arn, now)
            return iter([found] if found else [])
        criteria = Criteria()
        if change.resource_id:
            criteria = Criteria(
                {"resourceId": [{"comparison": "EQUALS", "value": change.resource_id}]}
            )
        everything = self.findings(self._fleet.accounts, region, criteria, now)
        return everything if change.resource_id else islice(everything, 1)

    def _create(self, change: Change, region: str, now: float) -> None:
        wire = change.finding
        if wire is None:
            found = next(self._met(change, region, now))
            wire = msgspec.json.decode(self.encoded(found, now), type=Wire)
            prefix = found[0].arn.rpartition("/")[0]
            wire |= {
                "findingArn": f"{prefix}/{Dice('created', found[0].arn, self.version).hex(32)}",
                "status": "ACTIVE",
            }
            wire |= dict.fromkeys(_FINDING_TIMES, now)
        row = RecordedRow(wire)
        self._created.setdefault((region, row.account), {})[row.arn] = row


def _judged(row: Row, criteria: Criteria) -> bool:
    return criteria.holds(Layer.RESOURCE, row.resource_part) and criteria.holds(
        Layer.WEAKNESS, row.weakness_part
    )


def _meets(row: Row, state: State, criteria: Criteria) -> bool:
    return criteria.holds(
        Layer.FINDING, {name: finding_member(name, row, state) for name in criteria.members}
    )


def finding_member(name: str, row: Row, state: State) -> str | float:
    """Returns a changing member of a finding, by its JSON name."""
    return row.arn if name == "findingArn" else getattr(state, _IN_STATE[name])
