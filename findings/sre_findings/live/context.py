"""Live context of a resource: EC2, SSM and CloudWatch for an instance, Inspector for an image.

For an image, the context is the clusters that run it. A failed request becomes a note and never an
error.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sre_findings.aws_errors import failure_of, first_line, sdk_errors
from sre_findings.inspector.aws_clients import Make, NotAsked
from sre_findings.inspector.client import mapped_errors
from sre_findings.model.errors import CredentialsInvalid, SreError, UsageError
from sre_findings.model.resources.aws_context import (
    AGENTS,
    CLUSTERS,
    HOURS,
    INSTANCES,
    METRICS,
    PATCHES,
    UNCHECKED,
    Agent,
    CallResult,
    Cluster,
    Context,
    Cpu,
    Instance,
    Note,
    PatchState,
)
from sre_findings.model.resources.resource import IMAGE, INSTANCE, Resource, can_be_id
from sre_findings.questions.resource import Vulnerabilities

T = TypeVar("T")
Connect = Callable[[str], Make]
"""Returns the AWS clients of a region."""

PAGES = 20  # per resource; a longer listing is treated as an error
_ECR = re.compile(r"arn:[^:]*:ecr:[^:]*:\d{12}:repository/[a-zA-Z0-9._/-]+/sha256:[a-f0-9]{64}")
NOTE = 300  # maximum characters of an error message


def context(
    connect: Connect, home: Callable[[], str], now: Callable[[], datetime]
) -> Callable[[Vulnerabilities, Resource], Context]:
    """Returns the context source.

    It queries the region of the cached answer, the query or the settings, in that order.
    """

    def ask(question: Vulnerabilities, resource: Resource) -> Context:
        if not _is_instance(resource) and not _is_image(resource):
            return Context(
                remarks=(Note("context is available only for EC2 instances and ECR images"),)
            )
        try:
            region = resource.region or question.region or home()
            return (_of_instance if _is_instance(resource) else _of_image)(
                resource, region, connect(region), now
            )
        except SreError as error:
            return Context(remarks=(Note("context from AWS was not read", str(error)),))

    return ask


def _is_instance(resource: Resource) -> bool:
    """Returns whether the resource is or could be an instance.

    A resource that Inspector does not know has no type.
    """
    identity = resource.resource_id.strip()
    return (
        resource.resource_type in (INSTANCE, "")
        and identity.startswith("i-")
        and can_be_id(identity)
    )


def _is_image(resource: Resource) -> bool:
    """Returns whether the resource is or could be an ECR image."""
    return resource.resource_type in (IMAGE, "") and bool(
        _ECR.fullmatch(resource.resource_id.strip())
    )


def _of_image(resource: Resource, region: str, make: Make, now: Callable[[], datetime]) -> Context:
    """Returns the context of an image from Inspector.

    Inspector covers all accounts that it sees, so the process's own account is not needed.
    """
    clusters = _call_result(
        CLUSTERS, now, lambda: _clusters(make("inspector2"), resource.resource_id.strip())
    )
    return Context("", region, clusters=clusters)


def _of_instance(
    resource: Resource, region: str, make: Make, now: Callable[[], datetime]
) -> Context:
    """Returns the context of an instance in the process's own account, from concurrent requests.

    Raises CredentialsInvalid or UsageError if no service can be queried.
    """
    account, remarks = _caller(make)
    if account and resource.account_id and account != resource.account_id:
        other = Note(
            "context is available only for instances of the caller's own account:"
            f" {resource.account_id} is not {account}"
        )
        return Context(account, region, remarks=(other,))
    identity = resource.resource_id.strip()
    with ThreadPoolExecutor(4) as pool:
        instance = pool.submit(
            _call_result, INSTANCES, now, lambda: _instance(make("ec2"), identity)
        )
        patches = pool.submit(_call_result, PATCHES, now, lambda: _patches(make("ssm"), identity))
        agent = pool.submit(_call_result, AGENTS, now, lambda: _agent(make("ssm"), identity))
        cpu = pool.submit(
            _call_result, METRICS, now, lambda: _cpu(make("cloudwatch"), identity, now())
        )
    return Context(
        account,
        region,
        instance.result(),
        patches.result(),
        agent.result(),
        cpu.result(),
        remarks=remarks,
    )


def _caller(make: Make) -> tuple[str, tuple[Note, ...]]:
    """Returns the process's account and remarks. The account is empty if STS does not return it.

    Raises CredentialsInvalid, and UsageError for invalid settings, because every other service
    would fail too.
    """
    try:
        with mapped_errors():
            return str(make("sts").get_caller_identity()["Account"]), ()
    except (CredentialsInvalid, UsageError) as error:
        if not isinstance(error, NotAsked):
            raise
        note = _note("STS", error)
    except Exception as error:  # noqa: BLE001 - as in _told
        note = _note("STS", error.__cause__ or error)
    return "", (replace(note, consequence=UNCHECKED),)


def _call_result(
    source: str, now: Callable[[], datetime], read: Callable[[], T | None]
) -> CallResult[T]:
    """Returns the result of an operation, or a note if it failed."""
    asked_at, service = now(), source.split(maxsplit=1)[0]
    try:
        return CallResult(source, asked_at, checked=True, value=read())
    except NotAsked as error:
        return CallResult(source, note=_note(service, error))
    except Exception as error:  # noqa: BLE001 - any failure to parse a response becomes a note
        return CallResult(source, asked_at, note=_note(service, error))


def _note(service: str, error: BaseException) -> Note:
    """Returns why a service was not checked. The statement has AWS's error code, if any."""
    if isinstance(error, NotAsked):
        return Note(f"{service} was {error.what}", error.why)
    unanswered = f"{service} did not answer"
    if not isinstance(error, sdk_errors()):
        # a parser's message ends with the response itself
        first = first_line(error).split(", invalid XML")[0]
        detail = _shortened(f"{type(error).__name__}: {first}")
        return Note(f"{unanswered}: its response cannot be read", detail)
    failure = failure_of(error)
    if not failure.answered:
        return Note(unanswered, _shortened(failure.message))
    code = failure.code or "an error without a code"
    return Note(f"{unanswered}: {code}", _shortened(failure.message))


def _shortened(message: str) -> str:
    """Returns a message as one line of at most NOTE characters."""
    line = " ".join(message.split())
    return line if len(line) <= NOTE else line[: NOTE - 1] + "…"


def _instance(ec2: Any, identity: str) -> Instance | None:
    """Returns an instance from EC2 DescribeInstances, or None if EC2 does not know it.

    EC2 lists a terminated instance for about an hour.
    """
    try:
        pages = ec2.get_paginator("describe_instances").paginate(InstanceIds=[identity])
        rows = [
            row
            for page in _bounded(pages)
            for reservation in page["Reservations"]
            for row in reservation["Instances"]
        ]
    except sdk_errors() as error:
        if failure_of(error).code == "InvalidInstanceID.NotFound":
            return None
        raise
    row = _mine(rows, identity)
    return None if row is None else _instance_of(row)


def _instance_of(row: Mapping[str, Any]) -> Instance:
    faces = row.get("NetworkInterfaces", [])
    addresses = [address for face in faces for address in face.get("PrivateIpAddresses", [])]
    public = [
        address["Association"].get("PublicIp")
        for address in addresses
        if address.get("Association")
    ]
    return Instance(
        state=_of(row.get("State", {}), "Name", str),
        instance_type=_of(row, "InstanceType", str),
        image_id=_of(row, "ImageId", str),
        launched_at=_moment(row, "LaunchTime"),
        vpc_id=_of(row, "VpcId", str),
        private_addresses=_each(
            row.get("PrivateIpAddress"), *(address.get("PrivateIpAddress") for address in addresses)
        ),
        public_addresses=_each(row.get("PublicIpAddress"), *public),
        ipv6_addresses=_each(
            *(one.get("Ipv6Address") for face in faces for one in face.get("Ipv6Addresses", []))
        ),
        tags={str(tag["Key"]): str(tag.get("Value") or "") for tag in row.get("Tags", [])},
    )


def _patches(ssm: Any, identity: str) -> PatchState | None:
    """Returns the patch state from SSM DescribeInstancePatchStates.

    Returns None for an instance that Patch Manager has never checked.
    """
    pages = ssm.get_paginator("describe_instance_patch_states").paginate(InstanceIds=[identity])
    row = _mine([row for page in _bounded(pages) for row in page["InstancePatchStates"]], identity)
    if row is None:
        return None
    return PatchState(
        missing=_of(row, "MissingCount", int),
        failed=_of(row, "FailedCount", int),
        installed=_of(row, "InstalledCount", int),
        pending_reboot=_of(row, "InstalledPendingRebootCount", int),
        operation=_of(row, "Operation", str),
        operation_ended_at=_moment(row, "OperationEndTime"),
        baseline_id=_of(row, "BaselineId", str),
    )


def _agent(ssm: Any, identity: str) -> Agent | None:
    """Returns the SSM agent from SSM DescribeInstanceInformation.

    Returns None for an instance that SSM does not manage.
    """
    only = [{"Key": "InstanceIds", "Values": [identity]}]
    pages = ssm.get_paginator("describe_instance_information").paginate(Filters=only)
    row = _mine(
        [row for page in _bounded(pages) for row in page["InstanceInformationList"]], identity
    )
    if row is None:
        return None
    platform = [
        part for part in (_of(row, "PlatformName", str), _of(row, "PlatformVersion", str)) if part
    ]
    return Agent(
        ping_status=_of(row, "PingStatus", str),
        agent_version=_of(row, "AgentVersion", str),
        last_ping_at=_moment(row, "LastPingDateTime"),
        platform=" ".join(platform) or _of(row, "PlatformType", str),
    )


def _cpu(cloudwatch: Any, identity: str, now: datetime) -> Cpu | None:
    """Returns the CPU usage from CloudWatch GetMetricStatistics.

    Returns None if no hour has data, for example for a stopped instance.
    """
    # CloudWatch rounds the same way, and its hours start at the rounded time.
    until = now.replace(second=0, microsecond=0)
    since = until - timedelta(hours=HOURS)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": identity}],
        StartTime=since,
        EndTime=until,
        Period=3600,
        Statistics=["Average", "Maximum", "SampleCount"],
    )
    if "Label" not in answer:  # botocore returns an empty response for a 200 that is not JSON
        raise KeyError("Label")
    return _cpu_of(answer["Datapoints"], since) if answer.get("Datapoints") else None


def _cpu_of(points: Sequence[Mapping[str, Any]], since: datetime) -> Cpu:
    slots: list[list[Any]] = [[] for _ in range(HOURS)]
    for point in points:
        slots[min(max((point["Timestamp"] - since) // timedelta(hours=1), 0), HOURS - 1)].append(
            point
        )
    hours = tuple(_mean(slot) if slot else None for slot in slots)
    return Cpu(_mean(points), max(_finite(point["Maximum"]) for point in points), since, hours)


def _mean(points: Sequence[Mapping[str, Any]]) -> float:
    """Returns the average over all samples, so that an hour with few samples counts little."""
    weights = [_finite(point["SampleCount"]) for point in points]
    return _finite(
        sum(_finite(p["Average"]) * w for p, w in zip(points, weights, strict=True)) / sum(weights)
    )


def _finite(value: Any) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no percentage")
    return float(value)


def _clusters(inspector: Any, image: str) -> Sequence[Cluster] | None:
    """Returns the clusters from Inspector GetClustersForImage.

    Returns None if Inspector knows no cluster that runs the image, which does not prove that
    none does.
    """
    pages = inspector.get_paginator("get_clusters_for_image").paginate(filter={"resourceId": image})
    return tuple(_cluster(row) for page in _bounded(pages) for row in page["cluster"]) or None


def _cluster(row: Mapping[str, Any]) -> Cluster:
    """Returns a cluster with the totals of its tasks and pods of all kinds."""
    details = _of(row, "clusterDetails", list) or []
    seen = [moment for one in details if (moment := _moment(one, "lastInUse"))]
    counts = (
        [_of(one, name, int) for one in details]
        for name in ("runningUnitCount", "stoppedUnitCount")
    )
    running, stopped = (
        sum(known) if (known := [one for one in some if one is not None]) else None
        for some in counts
    )
    workloads = _each(
        *(name for one in details for name in _workloads(one.get("clusterMetadata") or {}))
    )
    return Cluster(str(row["clusterArn"]), running, stopped, max(seen, default=None), workloads)


def _workloads(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yields names such as ``service:pay`` (ECS) and ``default/Deployment pay`` (EKS)."""
    ecs, eks = (
        metadata.get("awsEcsMetadataDetails") or {},
        metadata.get("awsEksMetadataDetails") or {},
    )
    if group := _of(ecs, "detailsGroup", str):
        yield group
    for one in eks.get("workloadInfoList") or []:
        yield f"{eks.get('namespace') or ''}/{one.get('type') or ''} {one.get('name') or ''}".strip(
            "/ "
        )


def _bounded(pages: Iterable[Any]) -> Iterable[Any]:
    """Yields the pages of a listing. Raises ValueError after PAGES pages.

    The limit is necessary because even an empty page can have a next page.
    """
    yield from islice(found := iter(pages), PAGES)
    if next(found, None) is not None:
        raise ValueError(f"more than {PAGES} pages about one resource")


def _mine(rows: Iterable[Mapping[str, Any]], identity: str) -> Mapping[str, Any] | None:
    return next((row for row in rows if row["InstanceId"] == identity), None)


def _of(row: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    """Returns a field of a row, or None if it is absent. Raises TypeError for a wrong type.

    botocore does not check the types of JSON values against its model.
    """
    value = row.get(name)
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} is a {type(value).__name__}")
    return value


def _moment(row: Mapping[str, Any], name: str) -> datetime | None:
    value = _of(row, name, datetime)
    return None if value is None else value.astimezone(UTC)


def _each(*addresses: str | None) -> tuple[str, ...]:
    """Returns each address once, in order."""
    return tuple(dict.fromkeys(address for address in addresses if address))
