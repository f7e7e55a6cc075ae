"""Nested values of findings as cells of Inspector's CSV.

A value of an unexpected shape gives an empty cell. Lists are joined with a comma and a space; the
n-th entry of every package column belongs to the n-th package.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from sre_findings.model.timestamps import iso, moment_of
from sre_findings.rows.values import version_of
from sre_reports.formats.csv.escaping import Cell
from sre_reports.formats.json_values import (
    mapping,
    objects,
    parsed,
    part,
    sequence,
    word,
)

_BETWEEN = ", "

# Private addresses of VPCs: RFC 1918 and RFC 6598.
_PRIVATE = tuple(
    ipaddress.ip_network(one)
    for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def packages(text: str | None) -> tuple[Cell, ...]:
    """Returns the six cells of ``packages``.

    They are names, installed and fixed versions, remediations, paths and managers.
    """
    found = objects(parsed(text))
    keys = ("fixedInVersion", "remediation", "filePath", "packageManager")
    fixed, remedies, paths, managers = (
        joined([word(one.get(key)) for one in found]) for key in keys
    )
    names = joined([word(one.get("name")) for one in found])
    return names, joined([version_of(one) for one in found]), fixed, remedies, paths, managers


def vulnerability(text: str | None) -> tuple[Cell, ...]:
    """Returns the thirteen cells of ``vulnerability_details``.

    They are the vendor, its severity, its advisory and the advisory's date; the score and vector of
    NVD's CVSS 3 and 2, and of the vendor's (the finding's own source if it has scores); and the
    URLs.
    """
    wire = mapping(text)
    source = word(wire.get("source"))
    scores = objects(wire.get("cvss"))
    nvd = [one for one in scores if one.get("source") == "NVD"]
    vendor = sorted(
        (one for one in scores if one.get("source") != "NVD"),
        key=lambda one: one.get("source") != source,
    )
    return (
        source,
        word(wire.get("vendorSeverity")),
        word(wire.get("sourceUrl")),
        moment(wire.get("vendorCreatedAt")),
        *_cvss(nvd, "3."),
        *_cvss(nvd, "2."),
        *_cvss(vendor, "3."),
        *_cvss(vendor, "2."),
        listed(wire.get("referenceUrls")),
    )


def _cvss(scores: list[Mapping[str, Any]], version: str) -> tuple[Cell, Cell]:
    one = next((one for one in scores if str(one.get("version", "")).startswith(version)), {})
    score = one.get("baseScore")
    return score if isinstance(score, int | float) else None, word(one.get("scoringVector"))


def place(text: str | None, resource_id: str | None) -> tuple[Cell, ...]:
    """Returns the eleven cells of the row's own entry in ``resources``; most are empty.

    They are image tags, platform and tags; AMI, public and private IPv4, IPv6 and VPC; and a
    function's layers, package type and last change.
    """
    found = objects(parsed(text))
    wire = next((one for one in found if one.get("id") == resource_id), found[0] if found else {})
    details = wire.get("details")
    instance, image, function = (
        part(details, f"aws{kind}")
        for kind in ("Ec2Instance", "EcrContainerImage", "LambdaFunction")
    )
    addresses = [word(one) or "" for one in sequence(instance.get("ipV4Addresses"))]
    platform = instance.get("platform") or image.get("platform") or function.get("runtime")
    return (
        listed(image.get("imageTags")),
        word(platform),
        _tags(wire.get("tags")),
        word(instance.get("imageId")),
        joined([one for one in addresses if not _private(one)]),
        joined([one for one in addresses if _private(one)]),
        listed(instance.get("ipV6Addresses")),
        word(instance.get("vpcId") or part(function, "vpcConfig").get("vpcId")),
        listed(function.get("layers")),
        word(function.get("packageType")),
        moment(function.get("lastModifiedAt")),
    )


def _tags(tags: object) -> str | None:
    pairs = tags.items() if isinstance(tags, dict) else ()
    return joined([f"{key}:{word(value) or ''}" for key, value in pairs])


def _private(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _PRIVATE)


def network(text: str | None) -> tuple[Cell, Cell]:
    """Returns the cells of ``network_details``.

    They are the path from the internet to the instance, and the open ports.
    """
    wire = mapping(text)
    steps = objects(part(wire, "networkPath").get("steps"))
    path = " -> ".join(_step(one) for one in steps)
    ports = part(wire, "openPortRange")
    begin, end = ports.get("begin"), ports.get("end")
    # Spaces around the dash: spreadsheets read 1-2 as a date.
    return path or None, f"{begin} - {end}" if begin is not None else None


def _step(wire: Mapping[str, Any]) -> str:
    kind = word(wire.get("componentType"))
    return (word(wire.get("componentId")) or "?") + (f" ({kind})" if kind else "")


def code(text: str | None) -> tuple[Cell, Cell, Cell]:
    """Returns the cells of ``code_details``: file, detector and reference URLs."""
    wire = mapping(text)
    return (
        word(part(wire, "filePath").get("filePath")),
        word(wire.get("detectorName")),
        listed(wire.get("referenceUrls")),
    )


def rest(
    score_details: str | None, exploitability: str | None, remediation: str | None
) -> tuple[Cell, ...]:
    """Returns one cell each of three columns.

    They are the vector of the score, the last known exploit, and the recommendation.
    """
    vector = word(part(mapping(score_details), "adjustedCvss").get("scoringVector"))
    return (
        vector,
        moment(mapping(exploitability).get("lastKnownExploitAt")),
        _advice(mapping(remediation)),
    )


def _advice(wire: Mapping[str, Any]) -> str | None:
    recommendation = part(wire, "recommendation")
    parts = (word(recommendation.get(key)) for key in ("text", "Url", "url"))
    return " ".join(part for part in parts if part) or None


def listed(value: object) -> str | None:
    """Returns a list of texts as one cell."""
    return joined([word(one) for one in sequence(value)])


def joined(values: list[str | None]) -> str | None:
    """Returns values as one cell, in which absent ones keep their position.

    None if all are absent.
    """
    return _BETWEEN.join(value or "" for value in values) if any(values) else None


def moment(seconds: object) -> str | None:
    """Returns epoch seconds in ISO 8601 UTC. An invalid time stays as Inspector wrote it."""
    found = (
        moment_of(round(seconds, 3))
        if isinstance(seconds, int | float) and not isinstance(seconds, bool)
        else None
    )
    return iso(found) if found else word(seconds)
