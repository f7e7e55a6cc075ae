"""Rebuilds the finding that Inspector sent from a row, field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sre_findings.model.findings.finding import NO_ARN, UNDECODED

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = {
    "finding_arn": "findingArn",
    "account_id": "awsAccountId",
    "type": "type",
    "severity": "severity",
    "status": "status",
    "title": "title",
    "description": "description",
    "fix_available": "fixAvailable",
    "exploit_available": "exploitAvailable",
    "inspector_score": "inspectorScore",
}
_TIMES = {
    "first_observed_at": "firstObservedAt",
    "last_observed_at": "lastObservedAt",
    "updated_at": "updatedAt",
}
_NESTED = {
    "network_details": "networkReachabilityDetails",
    "code_details": "codeVulnerabilityDetails",
    "score_details": "inspectorScoreDetails",
    "exploitability": "exploitabilityDetails",
    "epss": "epss",
    "remediation": "remediation",
    "resources": "resources",
}


def finding(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns Inspector's finding for a row of FINDINGS. Absent fields stay absent.

    Times in the row must be aware datetimes. A finding on several resources has several rows,
    and each of them contains the whole finding; use the one with ``resource_index`` 0. A list
    item that was not a finding is returned as the value of a field with an empty name.
    """
    plain = {wire: row[name] for name, wire in _PLAIN.items() if row[name] is not None}
    times = {wire: epoch(row[name]) for name, wire in _TIMES.items() if row[name] is not None}
    nested = {
        wire: json.loads(row[name]) for name, wire in _NESTED.items() if row[name] is not None
    }
    if plain["findingArn"].startswith(NO_ARN):
        del plain["findingArn"]
    return {**plain, **times, **nested, **_package_details(row), **_extra(row)}


def undecoded(row: Mapping[str, Any]) -> dict[str, str]:
    """Returns the finding's texts that were not valid Unicode, by field.

    They are returned as JSON with escapes for the invalid parts.
    """
    found = json.loads(row["extra"]).get(UNDECODED) if row["extra"] else None
    return found if isinstance(found, dict) else {}


def _extra(row: Mapping[str, Any]) -> dict[str, Any]:
    extra = json.loads(row["extra"]) if row["extra"] else {}
    return {name: value for name, value in extra.items() if name != UNDECODED}


def _package_details(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the package details, assembled from two columns.

    They are stored separately because package lists repeat less often than vulnerabilities.
    """
    if row["vulnerability_details"] is None:
        return {}
    details = json.loads(row["vulnerability_details"])
    if row["packages"] is not None:
        details["vulnerablePackages"] = json.loads(row["packages"])
    return {"packageVulnerabilityDetails": details}


def epoch(moment: datetime) -> float:
    """Returns epoch seconds, exact to the microsecond.

    For example, 1678220584.098 is returned exactly as it was sent.
    """
    return (moment - _EPOCH) // timedelta(microseconds=1) / 1e6
