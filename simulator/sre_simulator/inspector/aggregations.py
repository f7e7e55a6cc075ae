"""ListFindingAggregations: ACTIVE findings by severity.

They are counted by account, resource, package or title.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sre_simulator.errors import Invalid
from sre_simulator.fields import FINDING_FIELDS, Kind, Path, values
from sre_simulator.filters import Criteria

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sre_simulator.fleet.changes import Found
    from sre_simulator.fleet.finding import Row

Wire = dict[str, Any]
_PACKAGES: Path = ("packageVulnerabilityDetails", "vulnerablePackages", "name")
_VULNERABILITY: Path = ("packageVulnerabilityDetails", "vulnerabilityId")
_ORDER = ("critical", "high", "medium", "low", "informational", "untriaged")


@dataclass(slots=True)
class _Group:
    members: Wire
    account: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("all", *_ORDER), 0))
    fixable: int = 0
    exploitable: int = 0
    network: int = 0
    resources: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class _Kind:
    """One aggregation type: its union member, its groups, its filters, and its other counts."""

    member: str
    groups: Callable[[Row, Wire], list[Wire]]
    filters: Mapping[str, str | Path]
    resource_type: str = ""
    counted: Mapping[str, str] = field(default_factory=dict[str, str])
    sorted_by: Mapping[str, str] = field(default_factory=dict[str, str])


def _details(row: Row, name: str) -> tuple[Wire, Wire]:
    resource: Wire = row.resource_part["resources"][0]
    return resource, resource.get("details", {}).get(name, {})


def _kept(wire: Wire, names: dict[str, str]) -> Wire:
    return {new: wire[old] for old, new in names.items() if old in wire}


def _instance(row: Row, _: Wire) -> list[Wire]:
    resource, details = _details(row, "awsEc2Instance")
    kept = _kept(details, {"imageId": "ami", "platform": "operatingSystem"})
    return [{"instanceId": resource["id"], "instanceTags": resource.get("tags", {})} | kept]


def _image(row: Row, _: Wire) -> list[Wire]:
    resource, details = _details(row, "awsEcrContainerImage")
    names = {
        "imageHash": "imageSha",
        "repositoryName": "repository",
        "architecture": "architecture",
        "imageTags": "imageTags",
    }
    return [
        {"resourceId": resource["id"]}
        | _kept(details, names | {"lastInUseAt": "lastInUseAt", "inUseCount": "inUseCount"})
    ]


def _function(row: Row, _: Wire) -> list[Wire]:
    resource, details = _details(row, "awsLambdaFunction")
    names = {
        "functionName": "functionName",
        "runtime": "runtime",
        "lastModifiedAt": "lastModifiedAt",
    }
    return [
        {"resourceId": resource["id"], "lambdaTags": resource.get("tags", {})}
        | _kept(details, names)
    ]


def _repository(row: Row, _: Wire) -> list[Wire]:
    return [{"repository": _details(row, "awsEcrContainerImage")[1]["repositoryName"]}]


def _packages(_: Row, weakness: Wire) -> list[Wire]:
    return [{"packageName": name} for name in sorted(set(values(weakness, _PACKAGES)))]


def _title(_: Row, weakness: Wire) -> list[Wire]:
    named = next(values(weakness, _VULNERABILITY), None)
    return [{"title": weakness["title"]} | ({"vulnerabilityId": named} if named else {})]


_BOTH = {"findingType": "findingType", "resourceType": "resourceType"}
_AVAILABLE = {"exploitAvailableCount": "exploitable", "fixAvailableCount": "fixable"}
_OS: Path = ("resources", "details", "awsEc2Instance", "platform")
_KINDS = {
    "ACCOUNT": _Kind("accountAggregation", lambda _, __: [{}], _BOTH, counted=_AVAILABLE),
    "FINDING_TYPE": _Kind("findingTypeAggregation", lambda _, __: [{}], _BOTH, counted=_AVAILABLE),
    "AWS_EC2_INSTANCE": _Kind(
        "ec2InstanceAggregation",
        _instance,
        {
            "amis": "ec2InstanceImageId",
            "operatingSystems": _OS,
            "instanceIds": "resourceId",
            "instanceTags": "resourceTags",
        },
        "AWS_EC2_INSTANCE",
        {"networkFindings": "network"},
        {"NETWORK_FINDINGS": "network"},
    ),
    "AWS_ECR_CONTAINER": _Kind(
        "awsEcrContainerAggregation",
        _image,
        {
            "resourceIds": "resourceId",
            "imageShas": "ecrImageHash",
            "repositories": "ecrImageRepositoryName",
            "architectures": "ecrImageArchitecture",
            "imageTags": "ecrImageTags",
            "lastInUseAt": "ecrImageLastInUseAt",
            "inUseCount": "ecrImageInUseCount",
        },
        "AWS_ECR_CONTAINER_IMAGE",
    ),
    "AWS_LAMBDA_FUNCTION": _Kind(
        "lambdaFunctionAggregation",
        _function,
        {
            "resourceIds": "resourceId",
            "functionNames": "lambdaFunctionName",
            "runtimes": "lambdaFunctionRuntime",
            "functionTags": "resourceTags",
        },
        "AWS_LAMBDA_FUNCTION",
    ),
    "REPOSITORY": _Kind(
        "repositoryAggregation",
        _repository,
        {"repositories": "ecrImageRepositoryName"},
        "AWS_ECR_CONTAINER_IMAGE",
        {"affectedImages": "resources"},
        {"AFFECTED_IMAGES": "resources"},
    ),
    "PACKAGE": _Kind("packageAggregation", _packages, {"packageNames": _PACKAGES}),
    "TITLE": _Kind(
        "titleAggregation",
        _title,
        {"titles": "title", "vulnerabilityIds": "vulnerabilityId"} | _BOTH,
    ),
}


class Aggregation:
    """One request: its selection, and how it groups the selection."""

    def __init__(self, body: Wire) -> None:
        if body["aggregationType"] not in _KINDS:
            raise Invalid(f"The simulator does not aggregate by {body['aggregationType']}")
        self._kind = _KINDS[body["aggregationType"]]
        request: Wire = body.get("aggregationRequest") or {}
        if set(request) - {self._kind.member}:
            raise Invalid(
                f"aggregationRequest does not fit aggregationType {body['aggregationType']}"
            )
        self._request: Wire = request.get(self._kind.member) or {}
        self._accounts: list[Wire] = body.get("accountIds", [])

    @property
    def criteria(self) -> Criteria:
        """The criteria of the findings that are counted; `answer` filters by status."""
        named: Wire = {"awsAccountId": self._accounts} if self._accounts else {}
        if self._kind.resource_type:
            named["resourceType"] = [{"comparison": "EQUALS", "value": self._kind.resource_type}]
        extra: list[tuple[Kind, Path, list[Wire]]] = []
        for member, place in self._kind.filters.items():
            if (asked := self._request.get(member)) is not None:
                filters = (
                    [{"comparison": "EQUALS", "value": asked}] if isinstance(asked, str) else asked
                )
                kind, path = (
                    FINDING_FIELDS[place] if isinstance(place, str) else (Kind.STRING, place)
                )
                extra.append((kind, path, filters))
        return Criteria(named, *extra)

    def answer(self, findings: Iterable[Found]) -> list[Wire]:
        """Returns the responses in the requested order.

        The default is most findings first.
        """
        groups = self._grouped(findings)
        by = self._request.get("sortBy", "ALL")
        sign = 1 if self._request.get("sortOrder") == "ASC" else -1
        ranked = sorted(groups.items(), key=lambda item: (sign * self._rank(item[1], by), item[0]))
        return [{self._kind.member: self._response(group)} for _, group in ranked]

    def _rank(self, group: _Group, by: str) -> int:
        if by in self._kind.sorted_by:
            return self._counted(group, self._kind.sorted_by[by])
        return group.counts[by.lower()]

    def _grouped(self, findings: Iterable[Found]) -> dict[str, _Group]:
        groups: dict[str, _Group] = {}
        weaknesses: dict[int, tuple[Wire, object]] = {}
        for row, state in findings:
            if state.status != "ACTIVE":
                continue
            shared = row.shared
            if id(shared) not in weaknesses:
                weaknesses[id(shared)] = (_brief(row.weakness_part), shared)
            weakness = weaknesses[id(shared)][0]
            account = row.named_account or row.account
            for members in self._kind.groups(row, weakness):
                key = f"{account}{members}"
                if key not in groups:
                    groups[key] = _Group(members, account)
                _count(groups[key], row, weakness, state.severity)
        return groups

    def _response(self, group: _Group) -> Wire:
        counted = {
            member: self._counted(group, name) for member, name in self._kind.counted.items()
        }
        return (
            {"accountId": group.account}
            | group.members
            | {"severityCounts": group.counts}
            | counted
        )

    def _counted(self, group: _Group, name: str) -> int:
        value = getattr(group, name)
        return len(value) if isinstance(value, set) else int(value)


def _brief(weakness: Wire) -> Wire:
    """Returns only the fields that groups need, because a large fleet has many vulnerabilities."""
    brief: Wire = {
        name: weakness[name]
        for name in ("type", "title", "fixAvailable", "exploitAvailable")
        if name in weakness
    }
    details = weakness.get("packageVulnerabilityDetails")
    if details is None:
        return brief
    packages = [{"name": package["name"]} for package in details.get("vulnerablePackages", [])]
    return brief | {
        "packageVulnerabilityDetails": {
            "vulnerabilityId": details["vulnerabilityId"],
            "vulnerablePackages": packages,
        }
    }


def _count(group: _Group, row: Row, weakness: Wire, severity: str) -> None:
    group.counts["all"] += 1
    group.counts[severity.lower()] += 1
    group.fixable += weakness.get("fixAvailable") == "YES"
    group.exploitable += weakness.get("exploitAvailable") == "YES"
    group.network += weakness.get("type") == "NETWORK_REACHABILITY"
    group.resources.add(row.resource_id)
