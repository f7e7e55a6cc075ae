"""A simulated resource: its part of findings and coverage rows, and its vulnerabilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from sre_simulator.fleet.lifecycle import DAY
from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sre_simulator.fleet.lifecycle import Event
    from sre_simulator.vulnerabilities.vulnerability import Weakness

Wire = dict[str, Any]
Life = tuple["Event", ...]


class Lives(Protocol):
    """The lives of a resource's findings by slot: stored, or computed on request."""

    def __getitem__(self, slot: int, /) -> Life:
        """Returns the life in a slot."""
        ...


class Scan(NamedTuple):
    """One coverage row of a resource.

    `scanned` is the time of its last scan, or None if it is scanned regularly.
    """

    scan_type: str
    reason: str = "SUCCESSFUL"
    mode: str = ""
    scanned: float | None = None

    @property
    def status(self) -> Wire:
        """The row's scanStatus."""
        return {
            "statusCode": "ACTIVE" if self.reason == "SUCCESSFUL" else "INACTIVE",
            "reason": self.reason,
        }


class Drawn(NamedTuple):
    """The generated parts of one kind of resource: its type, id, details and coverage metadata."""

    type: str
    id: str
    details: Wire
    metadata: Wire
    tags: dict[str, str]


@dataclass(slots=True, eq=False)
class Resource:
    """One resource with its vulnerabilities.

    `own` are only its own, `shared` are lists that many resources share; a slot is an index into
    both, and `size` is their number. `lives` has the life of each. The resource exists from
    `begins` until `ends` (epoch seconds). `phase` is the second of the day at which it is
    restarted, or None: a restart changes only launchedAt and lastObservedAt.
    """

    account: str
    region: str
    drawn: Drawn
    scans: tuple[Scan, ...]
    begins: float
    ends: float = inf
    phase: float | None = None
    own: Sequence[Weakness] = ()
    shared: Sequence[Weakness] = ()
    lives: Lives = ()
    size: int = 0
    _encoded: dict[float, bytes] = field(default_factory=dict[float, bytes])

    @property
    def id(self) -> str:
        """The resource's id as served."""
        return self.drawn.id

    def weakness(self, slot: int) -> Weakness:
        """Returns the vulnerability in a slot."""
        return self.own[slot] if slot < len(self.own) else self.shared[slot - len(self.own)]

    def restarted(self, at: float) -> float:
        """Returns the time of the last start at or before a given time."""
        if self.phase is None:
            return self.begins
        return max(self.begins, at - (at - self.phase) % DAY)

    @property
    def part(self) -> Wire:
        """The finding's members that describe the resource, except launchedAt."""
        drawn = self.drawn
        wire: Wire = {
            "type": drawn.type,
            "id": drawn.id,
            "partition": partition(self.region),
            "region": self.region,
        }
        wire |= {
            "tags": drawn.tags,
            "details": drawn.details,
            "provider": "AWS",
            "providerAccountId": self.account,
        }
        return {"awsAccountId": self.account, "resources": [wire]}

    def encoded(self, launched: float) -> bytes:
        """Returns `part` as JSON without braces, with a time of the start.

        The newest result is cached for further pages.
        """
        if launched not in self._encoded:
            self._encoded.clear()
            part = self.part
            for name in ("awsEc2Instance", "vm"):
                if name in self.drawn.details:
                    self.drawn.details[name]["launchedAt"] = launched
            self._encoded[launched] = msgspec.json.encode(part)[1:-1]
        return self._encoded[launched]

    def coverage(self, now: float) -> list[Wire]:
        """Returns its rows of ListCoverage at a given time, one per scan type.

        There are none before it began or after it ended.
        """
        if not self.begins <= now < self.ends:
            return []
        return [self._covered(scan, now) for scan in self.scans]

    def _covered(self, scan: Scan, now: float) -> Wire:
        row: Wire = {
            "resourceType": self.drawn.type,
            "resourceId": self.id,
            "accountId": self.account,
        }
        row |= {
            "scanType": scan.scan_type,
            "scanStatus": scan.status,
            "resourceMetadata": self.drawn.metadata,
        }
        if scan.reason != "PENDING_INITIAL_SCAN":
            regular = now - Dice("scanned", self.id, scan.scan_type).below(6 * 3600)
            row["lastScannedAt"] = scan.scanned or max(self.begins, regular)
        if scan.mode:
            row["scanMode"] = scan.mode
        row |= {"provider": "AWS", "providerAccountId": self.account, "providerRegion": self.region}
        return row | {"providerPartition": partition(self.region)}


def partition(region: str) -> str:
    """Returns the AWS partition of a region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
