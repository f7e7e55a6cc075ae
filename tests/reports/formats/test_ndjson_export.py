"""The NDJSON export: one finding of Inspector per line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sre_reports.formats import ndjson

Rows = Callable[..., dict[str, Any]]


def lines(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in "".join(ndjson.chunks([list(rows)])).splitlines()]


def test_a_line_is_inspectors_finding_with_our_fields(row: Rows) -> None:
    (found,) = lines(row())
    assert found.pop("_sre") == {
        "snapshot_id": "20261122T010000Z",
        "resource_name": "prod-web-36",
        "owner": "payments",
        "kev": True,
        "kev_due": "2026-11-12",
        "due_on": "2026-11-12",
        "days_overdue": 10,
        "not_understood": "newField",
    }
    details = found.pop("packageVulnerabilityDetails")
    assert details["vulnerablePackages"] == json.loads(row()["packages"])
    assert details["vulnerabilityId"] == "CVE-2026-1234"
    assert found == {
        "findingArn": (
            "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"
        ),
        "awsAccountId": "111122223333",
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "status": "ACTIVE",
        "title": "CVE-2026-1234 - vim-minimal, vim-data",
        "description": 'A flaw, and a "quoted" one.',
        "fixAvailable": "PARTIAL",
        "exploitAvailable": "YES",
        "inspectorScore": 7.8,
        "firstObservedAt": 1793588400.0,
        "lastObservedAt": 1795230245.098,
        "inspectorScoreDetails": {"adjustedCvss": {"scoringVector": "CVSS:3.1/AV:L/PR:N"}},
        "exploitabilityDetails": {"lastKnownExploitAt": 1673851644.0},
        "epss": {"score": 0.00203},
        "remediation": {"recommendation": {"text": "Update.", "Url": "https://example.com/fix"}},
        "resources": json.loads(row()["resources"]),
        "newField": {"kept": True},
    }


def test_every_finding_is_exactly_one_line(row: Rows) -> None:
    text = "".join(ndjson.chunks([[row(title="a\nb\u2028c \u202e \x1b[31m")], [row()]]))
    assert text.isascii()
    assert text.count("\n") == len(text.splitlines()) == 2
    assert "\x1b" not in text


def test_nothing_to_write_writes_nothing() -> None:
    assert list(ndjson.chunks([])) == []
