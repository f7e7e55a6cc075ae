"""Ownership claims from a row of coverage and from a finding, each from its own tags."""

from __future__ import annotations

from typing import Any

from sre_findings.inspector.resource_metadata import Described, image_name
from sre_findings.inspector.wire.coverage import WireCoverage
from sre_findings.inspector.wire.finding_parts import WireResource
from sre_findings.model.resources.owners import Claim, Owners


def by_coverage(owners: Owners, row: WireCoverage, known: Described) -> Claim:
    """The claim of a row of coverage, dated by its last scan. ``known`` is its metadata."""
    return owners.claim(known.tags, known.name, row.lastScannedAt)


def by_finding(owners: Owners, resource: WireResource, updated_at: float | None = None) -> Claim:
    """The claim of a finding about one of its resources. ``updated_at`` is in epoch seconds."""
    return owners.claim(resource.tags or {}, name_of(resource), updated_at)


def name_of(resource: WireResource) -> str | None:
    """The tag Name, or else an image's repository and tag, or a function's or project's name."""
    return (resource.tags or {}).get("Name") or _own_name(resource.details)


def _own_name(details: dict[str, dict[str, Any]]) -> str | None:
    image = details.get("awsEcrContainerImage") or {}
    repository = image.get("repositoryName")
    if isinstance(repository, str) and repository:
        return image_name(repository, image.get("imageTags"))
    function = details.get("awsLambdaFunction") or {}
    project = details.get("codeRepository") or {}
    names = (function.get("functionName"), project.get("projectName"))
    return next((name for name in names if isinstance(name, str) and name), None)
