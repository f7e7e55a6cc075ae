"""What must hold, written from the promises of the documents and not from the product's code.

A night knows what Inspector told its scan. What it did not read, it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from tests.worlds.inspector import Inspector, Told
from tests.worlds.state import Found
from tests.worlds.world import ADMIN, KINDS, World

Wire = dict[str, Any]
READ, OFF, UNREAD, UNSURE = "read", "off", "unread", "unsure"
LIMITS = {  # hours that a last scan is proof, by resource type and scan type; None: any
    ("AWS_EC2_INSTANCE", "PACKAGE"): 96,
    ("AWS_EC2_INSTANCE", "NETWORK"): 36,
    ("AWS_ECR_CONTAINER_IMAGE", "PACKAGE"): None,
    ("AWS_LAMBDA_FUNCTION", "PACKAGE"): None,
    ("AWS_LAMBDA_FUNCTION", "CODE"): None,
    ("CODE_REPOSITORY", "CODE"): 32 * 24,
}
PROOF = {
    "AWS_EC2_INSTANCE": "PACKAGE",
    "AWS_ECR_CONTAINER_IMAGE": "PACKAGE",
    "AWS_LAMBDA_FUNCTION": "PACKAGE",
    "CODE_REPOSITORY": "CODE",
}
SCANS = {kind.type: kind.scans for kind in KINDS.values()}


class Place(NamedTuple):
    """One resource."""

    account: str
    region: str
    type: str
    id: str


class Cell(NamedTuple):
    account: str
    region: str
    type: str
    scan: str


class Scope(NamedTuple):
    """The filters of a question; empty means all."""

    owner: str | None = None
    account: str = ""
    region: str = ""
    type: str = ""
    id: str = ""

    def has(self, place: Place, owner: str) -> bool:
        """Whether it contains a resource of this owner."""
        pairs = (
            (self.account, place.account),
            (self.region, place.region),
            (self.type, place.type),
            (self.id, place.id),
        )
        return all(not wanted or wanted == one for wanted, one in pairs) and self.owner in (
            None,
            owner,
        )

    def touches(self, cell: Cell) -> bool:
        """Whether resources of a cell can be in it."""
        pairs = ((self.account, cell.account), (self.region, cell.region), (self.type, cell.type))
        return all(not wanted or wanted == one for wanted, one in pairs)

    def __str__(self) -> str:
        return (
            " ".join(
                f"{n}={v!r}"
                for n, v in self._asdict().items()
                if v not in (None, "") or (n == "owner" and v == "")
            )
            or "everything"
        )


class Open(NamedTuple):
    """A finding as it was told on a night. ``places`` has each of its resources."""

    arn: str
    subject: str
    severity: str
    status: str
    scan: str
    places: tuple[Place, ...]
    found: Found


@dataclass
class Night:
    """What a night knows."""

    number: int
    inspector: Inspector
    told: dict[str, Told]
    known_regions: frozenset[str]
    snapshot_id: str = ""
    open: list[Open] = field(default_factory=list)
    owners: dict[Place, str] = field(default_factory=dict)
    rows: dict[Place, list[Wire]] = field(default_factory=dict)
    cells: dict[Cell, str] = field(default_factory=dict)

    @property
    def planned(self) -> list[str]:
        """The regions of its plan."""
        world = self.inspector.world
        return [one for one in world.regions if not self.inspector.happens("unplanned", one)]

    def counts(self, scope: Scope, *statuses: str) -> dict[str, int]:
        """The number of told findings of these statuses in a scope, by severity; each counts once."""
        some = [one for one in self.within(scope) if one.status in (statuses or ("ACTIVE",))]
        return {
            name: n
            for name in dict.fromkeys(one.severity for one in some)
            if (n := sum(o.severity == name for o in some))
        }

    def within(self, scope: Scope) -> list[Open]:
        """The told findings that have a resource in a scope."""
        return [
            one
            for one in self.open
            if any(scope.has(place, self.owners[place]) for place in one.places)
        ]

    def places(self, scope: Scope) -> list[Place]:
        """The told resources in a scope."""
        return [place for place, owner in self.owners.items() if scope.has(place, owner)]

    def unread(self, scope: Scope) -> list[Cell]:
        """The cells of a scope that were not read."""
        return [cell for cell, how in self.cells.items() if how == UNREAD and scope.touches(cell)]

    def unsure(self, scope: Scope) -> bool:
        """Whether it is open if the scope was read: Inspector's counts did not agree."""
        return any(how == UNSURE and scope.touches(cell) for cell, how in self.cells.items())

    def read_nothing(self, scope: Scope) -> bool:
        """Whether no cell of a scope was read."""
        return not any(how != UNREAD and scope.touches(cell) for cell, how in self.cells.items())

    def proven(self, place: Place) -> bool:
        """Whether the absence of findings proves that a resource has none."""
        rows, now = self.rows.get(place, ()), self.inspector.now
        proof = PROOF.get(place.type)
        return any(row["scanType"] == proof for row in rows) and all(
            self._current(row, place, now) for row in rows
        )

    def _current(self, row: Wire, place: Place, now: Any) -> bool:
        key = place.type, row["scanType"]
        if (
            row["scanStatus"] != {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}
            or key not in LIMITS
        ):
            return False
        if self.cells.get(Cell(place.account, place.region, *key)) in (OFF, UNREAD):
            return False
        last, limit = row.get("lastScannedAt"), LIMITS[key]
        if last is None or last > (now + timedelta(minutes=5)).timestamp():
            return False
        return limit is None or now.timestamp() - last <= limit * 3600

    def truly_open(self) -> list[tuple[tuple[Place, ...], Found]]:
        """What Inspector has as active, whether it told it or not."""
        return [
            (places_of(one), one)
            for r in self.inspector.world.regions
            for one in self.inspector.active(r)
        ]


def places_of(found: Found) -> tuple[Place, ...]:
    return tuple(Place(one.account, one.region, one.type, one.id) for one in found.on)


def night_of(inspector: Inspector, before: Sequence[Night]) -> Night:
    """What a night knows, after its scan."""
    known = frozenset(region for one in before for region in (*one.planned, *one.known_regions))
    planned = {r: inspector.told.get(r, Told()) for r in inspector.told}
    night = Night(inspector.night, inspector, planned, known)
    for told in planned.values():
        night.open += _newest(told)
        for row in told.coverage:
            place = Place(
                row["accountId"], _region(planned, told), row["resourceType"], row["resourceId"]
            )
            night.rows.setdefault(place, []).append(row)
    _own(night)
    night.cells = dict(_cells(night, before))
    return night


def _region(planned: dict[str, Told], told: Told) -> str:
    return next(region for region, one in planned.items() if one is told)


def _newest(told: Told) -> Iterator[Open]:
    """Each finding once, in its newest state."""
    newest: dict[str, tuple[Found, Wire]] = {}
    for found, wire in told.findings:
        if found.arn not in newest or found.updated >= newest[found.arn][0].updated:
            newest[found.arn] = found, wire
    for found, wire in newest.values():
        yield Open(
            found.arn,
            found.finding.subject,
            wire["severity"],
            wire["status"],
            found.finding.scan,
            places_of(found),
            found,
        )


def _own(night: Night) -> None:
    """The owner of each resource: by the tags in coverage, or else of the newest finding with tags."""
    claims: dict[Place, tuple[bool, float, str]] = {}
    for told in night.told.values():
        for found, wire in told.findings:
            for place, one in zip(places_of(found), wire["resources"], strict=True):
                claim = (False, wire["updatedAt"], one["tags"].get("team", ""))
                claims[place] = max(claims.get(place, claim), claim, key=lambda c: c[:2])
    for place, rows in night.rows.items():
        for row in rows:
            tags = next(
                (m.get("tags") or m.get("functionTags") for m in row["resourceMetadata"].values()),
                None,
            )
            if isinstance(tags, dict):
                claims[place] = (True, 0.0, tags.get("team", ""))
        claims.setdefault(place, (False, 0.0, ""))
    night.owners = {place: claim[2] for place, claim in claims.items()}


def _cells(night: Night, before: Sequence[Night]) -> Iterator[tuple[Cell, str]]:
    world = night.inspector.world
    for region in sorted({*night.planned, *night.known_regions}):
        told = night.told.get(region, Told())
        for account in visible(night, region, before):
            for kind, scans in SCANS.items():
                for scan, switch in (
                    (*scans, ("FIRMWARE", "")) if kind == "AWS_EC2_INSTANCE" else scans
                ):
                    yield (
                        Cell(account, region, kind, scan),
                        _how(night, region, account, switch, told, world),
                    )


def visible(night: Night, region: str, before: Sequence[Night]) -> set[str]:
    """The accounts that a scan can know: members, and those that anything names."""
    told = night.told.get(region)
    if told is None or region not in night.planned:
        return {cell.account for one in before for cell in one.cells if cell.region == region} or {
            ADMIN
        }
    named = {place.account for place in night.owners if place.region == region}
    members = set(night.inspector.accounts) if "ListMembers" not in told.failed else set()
    return {ADMIN, *named, *members, *told.statuses}


def _how(night: Night, region: str, account: str, switch: str, told: Told, world: World) -> str:
    """Whether a cell was read."""
    if region not in night.planned or told.failed & {
        "ListFindings",
        "ListCoverage",
        "BatchGetAccountStatus",
    }:
        return UNREAD
    if "ListMembers" in night.inspector.happens("throttled", region):
        return UNREAD  # the statuses did not end
    status = told.statuses.get(account)
    if status is None or status["state"]["status"] != "ENABLED":
        return UNREAD
    if switch and status["resourceState"][switch]["status"] != "ENABLED":
        return OFF
    doubtful = night.inspector.happens("lagging", region) or _forgot(night, region)
    return UNSURE if doubtful else READ


def _forgot(night: Night, region: str) -> bool:
    keys = {key for one in night.inspector.world.on(night.number, "forgotten") for key in one.at}
    return any(one.finding.key in keys for one in night.inspector.active(region))
