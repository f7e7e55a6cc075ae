"""The nested parts of a finding that become columns. Their JSON is stored as well."""

from __future__ import annotations

from typing import Any

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON
from sre_findings.inspector.wire.fields import FIELDS, NONESTED, json_value


class WireResource(msgspec.Struct):
    """The part of a finding's resource that becomes columns. The whole is stored as JSON too."""

    id: str
    type: str = ""
    region: str = ""
    partition: str = ""
    tags: dict[str, str] | None = None
    details: dict[str, dict[str, Any]] = {}


class WirePackages(msgspec.Struct):
    """The part of packageVulnerabilityDetails that becomes columns; the packages stay JSON."""

    vulnerabilityId: str | None = None  # noqa: N815
    source: str | None = None
    vulnerablePackages: msgspec.Raw = NONESTED  # noqa: N815


class WireEpss(msgspec.Struct):
    """A finding's EPSS. Source: API reference, EpssDetails."""

    score: float | None = None


_RESOURCES = msgspec.json.Decoder(list[WireResource])
_PACKAGES = msgspec.json.Decoder(WirePackages)
_EPSS = msgspec.json.Decoder(WireEpss)


def decode_resources(raw: bytes) -> list[WireResource]:
    """A finding's resources.

    If one has an unexpected shape, the fields that fit become columns; its JSON is kept anyway.
    """
    try:
        return _RESOURCES.decode(raw)
    except NOT_JSON:
        found = json_value(raw)
        return [_resource(one) for one in found] if isinstance(found, list) else []


def decode_packages(raw: bytes) -> WirePackages:
    """A finding's packageVulnerabilityDetails; as lenient as :func:`decode_resources`."""
    try:
        return _PACKAGES.decode(raw)
    except NOT_JSON:
        return _packages(raw)


def decode_epss(raw: bytes) -> float | None:
    """The EPSS score of a finding, 0 to 1; None if there is none."""
    try:
        score = _EPSS.decode(raw).score if raw else None
    except NOT_JSON:
        return None
    return score if score is not None and 0 <= score <= 1 else None


def _resource(value: Any) -> WireResource:
    """The fields that fit, from a resource of any shape."""
    if not isinstance(value, dict):
        return WireResource("")
    texts = {
        key: value[key]
        for key in ("id", "type", "region", "partition")
        if isinstance(value.get(key), str)
    }
    tags, details = value.get("tags"), value.get("details")
    kept = (
        {key: text for key, text in tags.items() if isinstance(text, str)}
        if isinstance(tags, dict)
        else None
    )
    kinds = (
        {key: one for key, one in details.items() if isinstance(one, dict)}
        if isinstance(details, dict)
        else {}
    )
    return WireResource(**{"id": "", **texts}, tags=kept, details=kinds)


def _packages(raw: bytes) -> WirePackages:
    """The fields that fit, from packageVulnerabilityDetails of any shape."""
    try:
        fields = FIELDS.decode(raw)
    except NOT_JSON:
        return WirePackages()
    texts = {
        key: value
        for key in ("vulnerabilityId", "source")
        if isinstance(value := json_value(fields.get(key, b"null")), str)
    }
    return WirePackages(**texts, vulnerablePackages=fields.get("vulnerablePackages", NONESTED))
