"""Attributes of a resource from its details: platform, image, addresses and group.

A group outlives a single resource: an Auto Scaling group, an image repository, or a function name.
A finding on a rebuilt resource of the same group keeps its age.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, NamedTuple

from sre_findings.inspector.resource_metadata import found_use
from sre_findings.model.resources.addresses import Address, address_of
from sre_findings.model.resources.image_use import Use

# EC2 Auto Scaling user guide, "Tag Auto Scaling groups and instances".
SCALING_GROUP = "aws:autoscaling:groupName"


class Attributes(NamedTuple):
    """The attributes of a resource.

    ``group`` is the resource's own id if it belongs to no group. ``addresses`` are in their
    shortest form.
    """

    platform: str | None
    image_id: str | None
    addresses: tuple[str, ...]
    public: bool
    group: str
    use: Use


def attributes_of(
    resource_id: str, tags: Mapping[str, str], details: Mapping[str, Mapping[str, Any]]
) -> Attributes:
    """Returns the attributes of a finding's resource, from its tags and details.

    Source: API reference, ResourceDetails.
    """
    instance = details.get("awsEc2Instance") or {}
    image = details.get("awsEcrContainerImage") or {}
    function = details.get("awsLambdaFunction") or {}
    platform = _text(instance.get("platform") or image.get("platform") or function.get("runtime"))
    found = _addresses(instance)
    return Attributes(
        platform,
        _text(instance.get("imageId")),
        tuple(map(str, found)),
        any(map(_global, found)),
        _group(resource_id, tags, image, function),
        found_use(details),
    )


def covered_group(
    resource_id: str, tags: Mapping[str, str], metadata: Mapping[str, Mapping[str, Any]]
) -> str:
    """Returns the group according to ListCoverage, which has no architecture of images.

    Source: ResourceScanMetadata.
    """
    repository = _repository(resource_id) or _text(metadata.get("ecrRepository", {}).get("name"))
    if repository and resource_id.startswith("arn:") and ":repository/" in resource_id:
        return f"repository/{repository}/"  # findings add the architecture
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
    """Returns the valid addresses of an instance."""
    told = (instance.get(name) for name in ("ipV4Addresses", "ipV6Addresses"))
    texts = (
        one for found in told if isinstance(found, list) for one in found if isinstance(one, str)
    )
    return list(dict.fromkeys(one for text in texts if (one := address_of(text)) is not None))


def _global(address: Address) -> bool:
    """Returns whether an address can be reached from the internet."""
    return not address.is_private or any(address in network for network in _EXAMPLES)


# RFC 5737: public addresses for examples and recordings, which Python treats as private.
_EXAMPLES = tuple(
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
