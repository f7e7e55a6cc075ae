"""A simulated resource: what a finding and a coverage row say of it, and which weaknesses it
has."""

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
    """The lives of a resource's findings by slot: kept, or made when asked."""

    def __getitem__(self, slot: int, /) -> Life:
        """The life in a slot."""
        ...


class Scan(NamedTuple):
    """One coverage row of a resource; `scanned` is when its scan last ran, None while it runs
    regularly."""

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
    """What a builder of one kind of resource draws: its type, id, details and coverage metadata."""

    type: str
    id: str
    details: Wire
    metadata: Wire
    tags: dict[str, str]


@dataclass(slots=True, eq=False)
class Resource:
    """One resource with its weaknesses: `own` are its alone, `shared` are listed once for many; a
    slot is a place among both, `size` counts them, and `lives` says what happens to each.

    It exists from `begins` until `ends` (epoch seconds). `phase` is the second of the day at which
    it is restarted, None if it never is: each restart moves launchedAt and lastObservedAt, and
    nothing real.
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
        """The resource's id on the wire."""
        return self.drawn.id

    def weakness(self, slot: int) -> Weakness:
        """The weakness in a slot."""
        return self.own[slot] if slot < len(self.own) else self.shared[slot - len(self.own)]

    def restarted(self, at: float) -> float:
        """When the resource was last started, at or before a moment."""
        if self.phase is None:
            return self.begins
        return max(self.begins, at - (at - self.phase) % DAY)

    @property
    def part(self) -> Wire:
        """The finding's members that speak of the resource, but for launchedAt."""
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
        """`part` as JSON without its braces, started at a moment; the newest is kept, for pages ask
        it again."""
        if launched not in self._encoded:
            self._encoded.clear()
            part = self.part
            for name in ("awsEc2Instance", "vm"):
                if name in self.drawn.details:
                    self.drawn.details[name]["launchedAt"] = launched
            self._encoded[launched] = msgspec.json.encode(part)[1:-1]
        return self._encoded[launched]

    def coverage(self, now: float) -> list[Wire]:
        """Its rows of ListCoverage at a moment, one a scan type; none before it began or after it
        ended."""
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
    """The AWS partition of a region."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
