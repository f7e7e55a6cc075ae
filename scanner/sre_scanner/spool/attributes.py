"""What a resource's own description tells of it: its platform, its image, whether the internet may
reach it, its group.

A group is what outlives one resource: the scaling group of an instance, the repository of an image,
the name of a function. Rebuilding a resource within its group makes its weaknesses no younger.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, NamedTuple

from sre_findings.inspector.resource_metadata import found_use
from sre_findings.model.resources.addresses import Address, address_of
from sre_findings.model.resources.image_use import Use

# EC2 Auto Scaling user guide, "Tag Auto Scaling groups and instances"
SCALING_GROUP = "aws:autoscaling:groupName"


class Traits(NamedTuple):
    """``group`` is the resource's own id where nothing outlives it; ``addresses`` are in their
    shortest form."""

    platform: str | None
    image_id: str | None
    addresses: tuple[str, ...]
    public: bool
    group: str
    use: Use


def traits_of(
    resource_id: str, tags: Mapping[str, str], details: Mapping[str, Mapping[str, Any]]
) -> Traits:
    """The traits of a finding's resource, from its tags and details. Source: API reference,
    ResourceDetails."""
    instance = details.get("awsEc2Instance") or {}
    image = details.get("awsEcrContainerImage") or {}
    function = details.get("awsLambdaFunction") or {}
    platform = _text(instance.get("platform") or image.get("platform") or function.get("runtime"))
    found = _addresses(instance)
    return Traits(
        platform, _text(instance.get("imageId")), tuple(map(str, found)), any(map(_global, found)),
        _group(resource_id, tags, image, function), found_use(details),
    )  # fmt: skip


def covered_group(
    resource_id: str, tags: Mapping[str, str], metadata: Mapping[str, Mapping[str, Any]]
) -> str:
    """The group as ListCoverage tells it; of an image it knows no architecture. Source:
    ResourceScanMetadata."""
    repository = _repository(resource_id) or _text(metadata.get("ecrRepository", {}).get("name"))
    if repository and resource_id.startswith("arn:") and ":repository/" in resource_id:
        return f"repository/{repository}/"  # what a finding adds is the architecture
    return _group(resource_id, tags, {}, metadata.get("lambdaFunction", {}))


def _group(
    resource_id: str, tags: Mapping[str, str], image: Mapping[str, Any], function: Mapping[str, Any]
) -> str:
    if name := tags.get(SCALING_GROUP):
        return f"scaling-group/{name}"
    if repository := _text(image.get("repositoryName")) or _repository(resource_id):
        return f"repository/{repository}/{_text(image.get('architecture')) or ''}"
    if name := _text(function.get("functionName")):
        return f"function/{name}"
    return resource_id


def _repository(resource_id: str) -> str:
    return resource_id.partition(":repository/")[2].rpartition("/sha256:")[0]


def _addresses(instance: Mapping[str, Any]) -> list[Address]:
    """The addresses of an instance. What is no address says nothing."""
    told = (instance.get(name) for name in ("ipV4Addresses", "ipV6Addresses"))
    texts = (
        one for found in told if isinstance(found, list) for one in found if isinstance(one, str)
    )
    return list(dict.fromkeys(one for text in texts if (one := address_of(text)) is not None))


def _global(address: Address) -> bool:
    """Whether the internet can reach it."""
    return not address.is_private or any(address in network for network in _EXAMPLES)


# RFC 5737: these stand for public addresses in examples and recordings; Python calls them private.
_EXAMPLES = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
