"""Live data from AWS about a resource.

For an instance: its state, patches, agent and CPU. For an image: the clusters that run it.

Each value has its source and the time of the request. If a service did not respond, a note explains
it, and "not checked" is never shown as "none".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sre_findings.model.timestamps import iso

T = TypeVar("T")

INSTANCES = "EC2 DescribeInstances"
PATCHES = "SSM DescribeInstancePatchStates"
AGENTS = "SSM DescribeInstanceInformation"
METRICS = "CloudWatch GetMetricStatistics"
CLUSTERS = "Inspector GetClustersForImage"
HOURS = 24
UNCHECKED = "it was not checked that the instance is in the caller's account"


@dataclass(frozen=True, slots=True)
class Note:
    """Why something was not checked.

    ``statement`` names nothing that a client of the server may not see. ``detail`` is the message
    of AWS or its SDK, which can name roles and endpoints. ``consequence`` is what follows.
    """

    statement: str
    detail: str = ""
    consequence: str = ""

    @property
    def text(self) -> str:
        """The note as one clause: ``statement: detail; consequence``."""
        detail = f": {self.detail}" if self.detail else ""
        return self.statement + detail + (f"; {self.consequence}" if self.consequence else "")

    def outward(self) -> Note:
        """The note for clients of the server: without ``detail``."""
        return replace(self, detail="")


@dataclass(frozen=True, slots=True)
class CallResult(Generic[T]):
    """The result of one operation.

    ``value`` is None if ``checked`` found nothing, and if it was not checked. ``asked_at`` is None
    if no request was sent. ``note`` explains why it was not checked.
    """

    source: str
    asked_at: datetime | None = None
    checked: bool = False
    value: T | None = None
    note: Note | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON object, with an object or a list of objects under ``value``."""
        return {
            "source": self.source,
            "asked_at": iso(self.asked_at),
            "checked": self.checked,
            "value": _plain(self.value),
            "note": self.note.text if self.note else None,
        }


@dataclass(frozen=True, slots=True)
class Instance:
    """The instance. A field is None if EC2 did not return it; the primary address comes first."""

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
        """The current tag Name; empty without one."""
        return self.tags.get("Name", "")


@dataclass(frozen=True, slots=True)
class PatchState:
    """The result of the last patch operation, which is a Scan or an Install.

    Counts are of patches; None if SSM did not return one.
    """

    missing: int | None
    failed: int | None
    installed: int | None
    pending_reboot: int | None
    operation: str | None
    operation_ended_at: datetime | None
    baseline_id: str | None


@dataclass(frozen=True, slots=True)
class Agent:
    """The SSM agent. ``ping_status`` is SSM's value: Online, ConnectionLost, Inactive."""

    ping_status: str | None
    agent_version: str | None
    last_ping_at: datetime | None
    platform: str | None


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU utilization in percent over HOURS hours from ``since`` on.

    ``hours`` has one average per hour, None for an hour without data.
    """

    average: float
    maximum: float
    since: datetime
    hours: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Cluster:
    """An ECS or EKS cluster that runs an image, or did so within the last day.

    ``workloads`` are ECS groups and EKS workloads.
    """

    arn: str
    running: int | None
    stopped: int | None
    last_in_use_at: datetime | None
    workloads: Sequence[str] = ()

    @property
    def account_id(self) -> str:
        """The cluster's account; empty if the ARN has none."""
        return self.arn.split(":")[4] if self.arn.count(":") > 4 else ""


@dataclass(frozen=True, slots=True)
class Context:
    """Live data from AWS about an instance or an image.

    ``account_id`` is the account of the credentials used, empty if unknown. ``remarks`` concern the
    context as a whole, for example why no request was sent.
    """

    account_id: str = ""
    region: str = ""
    instance: CallResult[Instance] = CallResult(INSTANCES)
    patches: CallResult[PatchState] = CallResult(PATCHES)
    agent: CallResult[Agent] = CallResult(AGENTS)
    cpu: CallResult[Cpu] = CallResult(METRICS)
    clusters: CallResult[Sequence[Cluster]] = CallResult(CLUSTERS)
    remarks: Sequence[Note] = ()

    @property
    def results(self) -> tuple[CallResult[Any], ...]:
        """The parts that apply: the clusters of an image, or the four parts of an instance."""
        of_image = self.clusters.asked_at or self.clusters.note
        return (self.clusters,) if of_image else (self.instance, self.patches, self.agent, self.cpu)

    @property
    def unchecked(self) -> tuple[Note, ...]:
        """Everything that was not checked, with the reason; each note once."""
        return tuple(
            dict.fromkeys((*self.remarks, *(part.note for part in self.results if part.note)))
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """The texts of ``unchecked``."""
        return tuple(note.text for note in self.unchecked)

    def outward(self) -> Context:
        """The context in a form for clients of the server.

        Notes about failed requests have the service and the error code only.
        """
        parts: dict[str, CallResult[Any]] = {name: getattr(self, name) for name in _PARTS}
        briefly: dict[str, Any] = {
            name: replace(part, note=part.note.outward())
            for name, part in parts.items()
            if part.note
        }
        return replace(self, **briefly, remarks=tuple(one.outward() for one in self.remarks))

    def within(self, allowed: Callable[[str], bool]) -> Context:
        """The context without clusters in accounts that are not allowed.

        A remark is always added that other clusters are not shown.
        """
        if not self.clusters.checked:
            return self
        mine = tuple(one for one in self.clusters.value or () if allowed(one.account_id))
        remarks = (*self.remarks, Note("clusters of other accounts are not shown"))
        return replace(self, clusters=replace(self.clusters, value=mine or None), remarks=remarks)

    def to_json(self) -> dict[str, Any]:
        """The JSON object under ``context``."""
        return {
            "account_id": self.account_id or None,
            "region": self.region or None,
            **{name: getattr(self, name).to_json() for name in _PARTS},
            "notes": list(self.notes),
        }


_PARTS = ("instance", "patches", "agent", "cpu", "clusters")


def _plain(value: object) -> Any:
    """A value for JSON. Times become ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value
