"""A finding as a SARIF result: rule, location, level and fingerprint."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sre_findings.rows.values import iso_of
from sre_reports.formats.finding_fields import (
    Part,
    Row,
    packages,
    risk,
    urgency,
)
from sre_reports.formats.json_values import (
    mapping,
    number,
    part,
    present,
    word,
)
from sre_reports.formats.sarif.rules import level, message

# Path characters of RFC 3986. A colon in the first segment would be read as a scheme.
_SAFE = "!$&'()*+,;=@~"


def result(row: Row, key: str, rule_id: str, place: int) -> dict[str, Any]:
    """Returns the result of a row under its rule; ``key`` is the finding's key."""
    return {
        "ruleId": rule_id,
        "ruleIndex": place,
        "level": level(row["severity"]),
        "message": {"text": message(_sentence(row))},
        "locations": [_location(row)],
        "partialFingerprints": {"findingKey/v1": key},
        **_fate(row["status"]),
        "properties": _properties(row),
    }


def _sentence(row: Row) -> str:
    """Returns the message: the finding, its resource, the fixed versions and the deadline."""
    where = row["resource_name"] or row["resource_id"] or "a resource without an id"
    fixes = dict.fromkeys(
        f"{one.package.name} {one.package.fixed_in}"
        for one in packages(row["packages"])
        if one.package.fixed_in
    )
    fixed = f" Fixed in {', '.join(fixes)}." if fixes else ""
    urgent = f" {text}" if (text := urgency(row)) else ""
    return f"{row['title'] or rule_name(row)} on {where}.{fixed}{urgent}"


def rule_name(row: Row) -> str:
    """Returns the name of a finding without a title."""
    return row["vulnerability_id"] or row["type"] or "A finding"


def _fate(status: str | None) -> dict[str, Any]:
    """Returns the suppression or baseline state of a finding that is not open.

    SARIF's only term for a closed finding is ``absent``.
    """
    if status == "SUPPRESSED":
        return {
            "suppressions": [
                {"kind": "external", "justification": "suppressed in Amazon Inspector"}
            ]
        }
    return {"baselineState": "absent"} if status == "CLOSED" else {}


def _location(row: Row) -> dict[str, Any]:
    """Returns the file and lines of a code finding, or the resource of any other finding.

    The resource is also the logical location.
    """
    code = part(mapping(row["code_details"]), "filePath")
    path = word(code.get("filePath")) or word(code.get("fileName"))
    artifact = {"uri": _path(path.lstrip("/"))} if path and path.strip("/") else _resource(row)
    physical = {"artifactLocation": artifact, **present(region=_lines(code) if path else None)}
    return {"physicalLocation": physical, "logicalLocations": [_logical(row)]}


def _resource(row: Row) -> dict[str, str]:
    parts = (row["account_id"] or "unknown", row["region"], row["resource_id"] or "unknown")
    return {
        "uri": "/".join(quote(one, safe=_SAFE, errors="replace") for one in parts),
        "uriBaseId": "RESOURCES",
    }


def _path(text: str) -> str:
    return quote(text, safe="/" + _SAFE, errors="replace")


def _lines(code: Any) -> dict[str, int]:
    """Returns the line numbers, from 1.

    Invalid numbers, and an end before the start, are left out.
    """
    begin, end = (number(code.get(name)) for name in ("startLine", "endLine"))
    if not isinstance(begin, int) or begin < 1:
        return {}
    return {
        "startLine": begin,
        **({"endLine": end} if isinstance(end, int) and end >= begin else {}),
    }


def _logical(row: Row) -> dict[str, Any]:
    named = present(
        name=row["resource_name"] or row["resource_id"], fullyQualifiedName=row["resource_id"]
    )
    return {**named, "kind": "resource", "properties": present(type=row["resource_type"])}


def _properties(row: Row) -> dict[str, Any]:
    names = {
        "findingArn": "finding_arn",
        "accountId": "account_id",
        "region": "region",
        "resourceId": "resource_id",
        "resourceType": "resource_type",
        "resourceName": "resource_name",
        "owner": "owner",
        "type": "type",
        "severity": "severity",
        "status": "status",
        "inspectorScore": "inspector_score",
        "epssScore": "epss_score",
        "fixAvailable": "fix_available",
        "exploitAvailable": "exploit_available",
        "runtimeReachability": "reachability",
        "runtimeReachabilityReason": "reachability_reason",
    }
    times = {
        "firstObservedAt": iso_of(row["first_observed_at"]),
        "lastObservedAt": iso_of(row["last_observed_at"]),
    }
    plain = {name: row[column] for name, column in names.items()}
    held = [_package(one) for one in packages(row["packages"])]
    return present(**plain, **times, **risk(row), packages=held)


def _package(one: Part) -> dict[str, Any]:
    found = one.package
    return present(
        name=found.name,
        version=found.version,
        fixedIn=found.fixed_in,
        manager=found.manager,
        path=found.path,
        purl=one.purl,
        runtimeReachability=found.reachability,
        runtimeReachabilityReason=found.reachability_reason,
    )
