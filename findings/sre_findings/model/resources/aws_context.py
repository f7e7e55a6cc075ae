"""What AWS itself says now of a resource, beside its findings: an instance's state, patches, agent
and CPU; an image's clusters.

Each value names its source and the moment it was asked. A service that did not answer left a note,
and "not checked" is never the same as "none".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sre_findings.model.findings.finding import iso

T = TypeVar("T")

INSTANCES = "EC2 DescribeInstances"
PATCHES = "SSM DescribeInstancePatchStates"
AGENTS = "SSM DescribeInstanceInformation"
METRICS = "CloudWatch GetMetricStatistics"
CLUSTERS = "Inspector GetClustersForImage"
HOURS = 24
UNCHECKED = "; it was not checked that the instance is in the caller's account"


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """What one operation told. ``value`` is None where ``checked`` found none, and where it was not
    checked.

    ``asked_at`` is None where nothing was sent; ``note`` says why it was not checked.
    """

    source: str
    asked_at: datetime | None = None
    checked: bool = False
    value: T | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data: the value under ``value``, an object, or a list of them."""
        return {
            "source": self.source,
            "asked_at": iso(self.asked_at) if self.asked_at else None,
            "checked": self.checked,
            "value": _plain(self.value),
            "note": self.note or None,
        }


@dataclass(frozen=True, slots=True)
class Instance:
    """The instance itself. A field is None where EC2 did not tell it; addresses stand with the
    primary one first."""

    state: str | None
    instance_type: str | None
    image_id: str | None
    launched_at: datetime | None
    vpc_id: str | None
    private_addresses: Sequence[str] = ()
    public_addresses: Sequence[str] = ()
    ipv6_addresses: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The tag Name, as it is now; empty without one."""
        return self.tags.get("Name", "")


@dataclass(frozen=True, slots=True)
class PatchState:
    """What the last patch operation, a Scan or an Install, found. Counts are of patches; None where
    SSM did not tell one."""

    missing: int | None
    failed: int | None
    installed: int | None
    pending_reboot: int | None
    operation: str | None
    operation_ended_at: datetime | None
    baseline_id: str | None


@dataclass(frozen=True, slots=True)
class Agent:
    """The SSM agent. ``ping_status`` is SSM's own word: Online, ConnectionLost, Inactive."""

    ping_status: str | None
    agent_version: str | None
    last_ping_at: datetime | None
    platform: str | None


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU in percent over the HOURS from ``since`` on. ``hours`` holds an average each, None for an
    hour without data."""

    average: float
    maximum: float
    since: datetime
    hours: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster of ECS or EKS that runs an image, or did within a day. ``workloads`` are ECS groups
    and EKS workloads."""

    arn: str
    running: int | None
    stopped: int | None
    last_in_use_at: datetime | None
    workloads: Sequence[str] = ()

    @property
    def account_id(self) -> str:
        """Whose cluster it is."""
        return self.arn.split(":")[4] if self.arn.count(":") > 4 else ""


@dataclass(frozen=True, slots=True)
class Context:
    """What AWS says now of an instance or an image. ``account_id`` is the caller's, empty where it
    is not known.

    ``remarks`` are about all of it: why nothing was asked, for one.
    """

    account_id: str = ""
    region: str = ""
    instance: Told[Instance] = Told(INSTANCES)
    patches: Told[PatchState] = Told(PATCHES)
    agent: Told[Agent] = Told(AGENTS)
    cpu: Told[Cpu] = Told(METRICS)
    clusters: Told[Sequence[Cluster]] = Told(CLUSTERS)
    remarks: Sequence[str] = ()

    @property
    def told(self) -> tuple[Told[Any], ...]:
        """Its parts: the clusters of an image, or the four of an instance."""
        of_image = self.clusters.asked_at or self.clusters.note
        return (self.clusters,) if of_image else (self.instance, self.patches, self.agent, self.cpu)

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that was not checked, and why, each reason once."""
        return tuple(
            dict.fromkeys((*self.remarks, *(part.note for part in self.told if part.note)))
        )

    def outward(self) -> Context:
        """The same for who does not run this: of what a service said when it did not answer, its
        code and no more."""
        parts = {name: getattr(self, name) for name in _PARTS}
        briefly = {name: replace(part, note=_brief(part.note)) for name, part in parts.items()}
        return replace(self, **briefly, remarks=tuple(map(_brief, self.remarks)))

    def within(self, allowed: Callable[[str], bool]) -> Context:
        """The same for who may see some accounts: without the clusters of others. That there may be
        some is always said."""
        if not self.clusters.checked:
            return self
        mine = tuple(one for one in self.clusters.value or () if allowed(one.account_id))
        remarks = (*self.remarks, "clusters of other accounts are not shown")
        return replace(self, clusters=replace(self.clusters, value=mine or None), remarks=remarks)

    def to_json(self) -> dict[str, Any]:
        """The object under ``context``."""
        return {
            "account_id": self.account_id or None,
            "region": self.region or None,
            **{name: getattr(self, name).to_json() for name in _PARTS},
            "notes": list(self.notes),
        }


_PARTS = ("instance", "patches", "agent", "cpu", "clusters")


def _brief(note: str) -> str:
    """``SSM did not answer: AccessDeniedException: User: arn:… is not authorized`` up to the code.
    What follows names roles."""
    said = note.removesuffix(UNCHECKED)
    return ": ".join(said.split(": ", 2)[:2]) + note[len(said) :]


def _plain(value: object) -> Any:
    """A value as JSON takes it: times as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value
