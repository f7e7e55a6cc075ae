"""A covered resource's name, tags and image use, from the metadata in its row of coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON
from sre_findings.model.resources.image_use import Use, use_of


@dataclass(frozen=True, slots=True)
class Described:
    """A covered resource. ``kinds`` is its metadata by kind; empty if it cannot be decoded."""

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def described(resource_id: str, metadata: bytes) -> Described:
    """The name and tags, the same as in the resource's findings. Source: ResourceScanMetadata."""
    kinds = _kinds(metadata)
    instance, function = kinds.get("ec2", {}), kinds.get("lambdaFunction", {})
    found = instance.get("tags") or function.get("functionTags")
    tags = (
        {key: value for key, value in found.items() if isinstance(value, str)}
        if isinstance(found, dict)
        else {}
    )
    project = kinds.get("codeRepository", {}).get("projectName")
    names = (
        tags.get("Name"),
        function.get("functionName"),
        project,
        _image_name(resource_id, kinds.get("ecrImage", {})),
    )
    return Described(
        next((name for name in names if isinstance(name, str) and name), None), tags, kinds
    )


def _kinds(metadata: bytes) -> dict[str, dict[str, Any]]:
    """The metadata by kind. A kind that is not an object is omitted; the others are kept."""
    try:
        return _METADATA.decode(metadata) if metadata else {}
    except NOT_JSON:
        pass
    try:
        found = _ANY.decode(metadata)
    except NOT_JSON:
        return {}
    return (
        {kind: told for kind, told in found.items() if isinstance(told, dict)}
        if isinstance(found, dict)
        else {}
    )


def covered_use(kinds: Mapping[str, Mapping[str, Any]]) -> Use:
    """How an image is used. Source: EcrContainerImageMetadata, ContainerImageMetadata."""
    return use_of(kinds.get("ecrImage") or kinds.get("containerImage") or {})


def found_use(details: Mapping[str, Mapping[str, Any]]) -> Use:
    """How an image is used, from a finding. Source: AwsEcrContainerImageDetails, Image."""
    return use_of(details.get("awsEcrContainerImage") or details.get("image") or {})


def _image_name(resource_id: str, image: Mapping[str, Any]) -> str | None:
    """``repository:tag`` from an image's ARN and its first tag; None for other IDs."""
    repository = resource_id.partition(":repository/")[2].rpartition("/sha256:")[0]
    return image_name(repository, image.get("tags")) if repository else None


def image_name(repository: str, tags: object) -> str:
    """``repository:tag`` with the first tag, or the repository alone if there are no tags."""
    first = (
        next((tag for tag in tags if isinstance(tag, str)), "") if isinstance(tags, list) else ""
    )
    return f"{repository}:{first}" if first else repository


_ANY = msgspec.json.Decoder()
_METADATA = msgspec.json.Decoder(dict[str, dict[str, Any]])
