"""Whose a resource is, as a row of coverage and as a finding say it, each by its own tags."""

from __future__ import annotations

from typing import Any

from sre_findings.inspector.covered import Described
from sre_findings.inspector.wire import WireCoverage, WireResource
from sre_findings.model.owners import Claim, Owners


def by_coverage(owners: Owners, row: WireCoverage, known: Described) -> Claim:
    """What a row of coverage says, of which ``known`` is the description; it looked when the resource was last scanned."""
    return owners.claim(known.tags, known.name, row.lastScannedAt)


def by_finding(owners: Owners, resource: WireResource, updated_at: float | None = None) -> Claim:
    """What a finding says of one of its resources."""
    return owners.claim(resource.tags or {}, name_of(resource), updated_at)


def name_of(resource: WireResource) -> str | None:
    """The tag Name, or what it is called by its own kind: an image's repository and tag, a function's name."""
    return (resource.tags or {}).get("Name") or _own_name(resource.details)


def _own_name(details: dict[str, dict[str, Any]]) -> str | None:
    image = details.get("awsEcrContainerImage") or {}
    if repository := image.get("repositoryName"):
        tags = image.get("imageTags") or []
        return f"{repository}:{tags[0]}" if tags else str(repository)
    function = details.get("awsLambdaFunction") or {}
    project = details.get("codeRepository") or {}
    name = function.get("functionName") or project.get("projectName")
    return str(name) if name else None
