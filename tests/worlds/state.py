"""What is true in a world on one night: its resources, its findings, and those closed so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.worlds.world import LASTING, Finding, Incident, Resource, World

START = datetime(2026, 11, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def at(world: World, night: int) -> datetime:
    """When the scan of a night starts, by the scanner's clock."""
    jumps = sum(
        int(one.what) for one in world.incidents if one.kind == "clock" and one.night == night
    )
    return START + night * DAY + timedelta(hours=jumps)


def moment(night: int) -> datetime:
    """When things happen that the scan of a night sees first, by Inspector's clock."""
    return START + night * DAY - timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Found:
    """A finding on a night. ``tags`` are the owners of its resources when it last changed."""

    finding: Finding
    on: tuple[Resource, ...]
    tags: tuple[str, ...]
    severity: str
    since: datetime
    updated: datetime
    status: str = "ACTIVE"
    version: int = 1
    made: int = 0

    @property
    def arn(self) -> str:
        """Its ARN, which is another one each time that it is made anew."""
        first, number = self.on[0], int(self.finding.key[1:])
        return f"arn:aws:inspector2:{first.region}:{first.account}:finding/{number * 100 + self.made:032x}"


@dataclass(frozen=True, slots=True)
class State:
    """What is true on a night, in the order in which Inspector lists it."""

    night: int
    resources: tuple[Resource, ...]
    names: dict[str, str]
    found: tuple[Found, ...]
    closed: tuple[Found, ...]


def state(world: World, night: int) -> State:
    """What is true on a night."""
    past = _Past(world)
    for number in range(night + 1):
        past.pass_night(number)
    resources = tuple(past.resources.values())
    return State(night, resources, past.names, tuple(past.found.values()), tuple(past.closed))


class _Past:
    """The world up to a night."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.resources: dict[str, Resource] = {}
        self.names: dict[str, str] = {}
        self.found: dict[str, Found] = {}
        self.closed: list[Found] = []
        self.made: dict[str, int] = {}

    def pass_night(self, night: int) -> None:
        for one in self.world.resources:
            if one.born == night:
                self.resources[one.key] = one
                self.names[one.key] = f"host-{one.key}"
        for finding in self.world.findings:
            if finding.born == night:
                self.open(finding, night, moment(night) - (10 * DAY if night == 0 else timedelta()))
        for incident in self.world.incidents:
            if incident.night == night and incident.kind in LASTING:
                getattr(self, incident.kind)(incident, night)

    def open(self, finding: Finding, night: int, since: datetime) -> None:
        on = tuple(self.resources[key] for key in finding.on if key in self.resources)
        if on:
            made = self.made[finding.key] = self.made.get(finding.key, -1) + 1
            tags = tuple(one.owner for one in on)
            self.found[finding.key] = Found(
                finding, on, tags, finding.severity, since, moment(night), made=made
            )

    def close(self, key: str, night: int) -> Found | None:
        gone = self.found.pop(key, None)
        if gone:
            self.closed.append(replace(gone, status="CLOSED", updated=moment(night)))
        return gone

    # One method for each kind of LASTING incident.

    def patch(self, one: Incident, night: int) -> None:
        for key in one.at:
            self.close(key, night)

    def vanish(self, one: Incident, night: int) -> None:
        for key in one.at:
            self.found.pop(key, None)

    def upgrade(self, one: Incident, night: int) -> None:
        for found in list(self.found.values()):
            finding = found.finding
            if (
                finding.on[0] == one.at[0]
                and finding.package == one.what
                and finding.scan == "PACKAGE"
            ):
                if int(finding.key[1:]) % 2:
                    self.close(finding.key, night)
                else:
                    self.found[finding.key] = replace(
                        found, version=found.version + 1, updated=moment(night)
                    )

    def terminate(self, one: Incident, night: int) -> None:
        gone = self.resources.pop(one.at[0], None)
        for found in list(self.found.values()) if gone else ():
            on = [
                (r, tag) for r, tag in zip(found.on, found.tags, strict=True) if r.key != one.at[0]
            ]
            if not on:
                self.close(found.finding.key, night)
            elif len(on) < len(found.on):
                resources, tags = zip(*on, strict=True)
                self.found[found.finding.key] = replace(
                    found, on=resources, tags=tags, updated=moment(night)
                )

    def again(self, one: Incident, night: int) -> None:
        for finding in self.world.findings:
            if finding.key in one.at and finding.key in self.made and finding.key not in self.found:
                self.open(finding, night, moment(night))

    def remake(self, one: Incident, night: int) -> None:
        for key in one.at:
            if gone := self.close(key, night):
                made = self.made[key] = self.made[key] + 1
                tags = tuple(self.resources[r.key].owner for r in gone.on)
                self.found[key] = replace(
                    gone, made=made, since=moment(night), updated=moment(night), tags=tags
                )

    def change(self, key: str, night: int, **values: str) -> None:
        if found := self.found.get(key):
            tags = tuple(self.resources[r.key].owner for r in found.on)
            self.found[key] = replace(found, updated=moment(night), tags=tags, **values)  # type: ignore[arg-type]  # fields by name

    def worsen(self, one: Incident, night: int) -> None:
        for key in one.at:
            self.change(key, night, severity=one.what)

    def suppress(self, one: Incident, night: int) -> None:
        for key in one.at:
            self.change(key, night, status="SUPPRESSED")

    def rename(self, one: Incident, night: int) -> None:
        if one.at[0] in self.resources:
            self.names[one.at[0]] = one.what

    def retag(self, one: Incident, night: int) -> None:
        key = one.at[0]
        if key not in self.resources:
            return
        self.resources[key] = replace(self.resources[key], owner=one.what)
        for found in list(self.found.values()):
            on = tuple(self.resources[r.key] for r in found.on)
            self.found[found.finding.key] = replace(found, on=on)
            if any(r.key == key and r.kind not in ("ec2", "lambda") for r in on):
                self.change(found.finding.key, night)  # coverage has no tags of these
