"""What a row of coverage says of its resource beyond its state: its name and its tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sre_findings.model.use import Use, use_of


@dataclass(frozen=True, slots=True)
class Described:
    """A covered resource. ``kinds`` is its metadata as it came, by kind; empty where nobody can read it."""

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def described(resource_id: str, metadata: bytes) -> Described:
    """The same name and tags that the resource's findings give. Source: ResourceScanMetadata."""
    try:
        kinds = _METADATA.decode(metadata) if metadata else {}
    except msgspec.DecodeError:
        return Described()
    instance, function = kinds.get("ec2", {}), kinds.get("lambdaFunction", {})
    found = instance.get("tags") or function.get("functionTags")
    tags = {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
    project = kinds.get("codeRepository", {}).get("projectName")
    name = tags.get("Name") or function.get("functionName") or project or _image_name(resource_id, kinds.get("ecrImage", {}))
    return Described(name if isinstance(name, str) else None, tags, kinds)


def covered_use(kinds: Mapping[str, Mapping[str, Any]]) -> Use:
    """How an image is used. Source: EcrContainerImageMetadata, ContainerImageMetadata."""
    return use_of(kinds.get("ecrImage") or kinds.get("containerImage") or {})


def found_use(details: Mapping[str, Mapping[str, Any]]) -> Use:
    """The same as a finding's resource tells it. Source: AwsEcrContainerImageDetails, Image."""
    return use_of(details.get("awsEcrContainerImage") or details.get("image") or {})


def _image_name(resource_id: str, image: Mapping[str, Any]) -> str | None:
    """``repository:tag`` from an image's ARN and the first of its tags."""
    repository = resource_id.partition(":repository/")[2].rpartition("/sha256:")[0]
    tags = image.get("tags") or []
    if not repository:
        return None
    return f"{repository}:{tags[0]}" if tags else repository


_METADATA = msgspec.json.Decoder(dict[str, dict[str, Any]])
