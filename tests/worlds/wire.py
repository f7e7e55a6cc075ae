"""Findings and coverage of a world as Inspector's JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.worlds.state import Found, State, moment
from tests.worlds.world import Resource

Wire = dict[str, Any]
TYPES = {
    "PACKAGE": "PACKAGE_VULNERABILITY",
    "NETWORK": "NETWORK_REACHABILITY",
    "CODE": "CODE_VULNERABILITY",
}


def wire_of(found: Found, state: State) -> Wire:
    """A finding as ListFindings has it."""
    finding = found.finding
    wire: Wire = {
        "findingArn": found.arn,
        "awsAccountId": found.on[0].account,
        "type": TYPES[finding.scan],
        "severity": found.severity,
        "status": found.status,
        "title": f"{finding.subject} - {finding.package}",
        "description": "A flaw.",
        "remediation": {"recommendation": {"text": "Upgrade."}},
        "firstObservedAt": found.since.timestamp(),
        "lastObservedAt": found.updated.timestamp(),
        "updatedAt": found.updated.timestamp(),
        "resources": [
            resource_of(one, tag, state) for one, tag in zip(found.on, found.tags, strict=True)
        ],
    }
    if finding.scan == "PACKAGE":
        package = {
            "name": finding.package,
            "version": f"{found.version}.0",
            "fixedInVersion": "9.0",
            "packageManager": "OS",
        }
        wire |= {
            "fixAvailable": "YES",
            "packageVulnerabilityDetails": {
                "vulnerabilityId": finding.subject,
                "source": "NVD",
                "vulnerablePackages": [package],
            },
        }
    elif finding.scan == "NETWORK":
        port = int(finding.subject.rpartition("-")[2])
        wire["networkReachabilityDetails"] = {
            "openPortRange": {"begin": port, "end": port},
            "protocol": "TCP",
            "networkPath": {"steps": []},
        }
    else:
        detector, _, path = finding.subject.partition("@")
        wire["codeVulnerabilityDetails"] = {
            "detectorId": detector, "detectorName": detector, "cwes": ["CWE-79"],
            "filePath": {"fileName": path.rpartition("/")[2], "filePath": path, "startLine": 1, "endLine": 2},
        }  # fmt: skip
    return wire


def tags_of(one: Resource, owner: str, name: str) -> dict[str, str]:
    """The tags of a resource."""
    return ({"team": owner} if owner else {"other": "tag"}) | (
        {"Name": name} if one.kind == "ec2" else {}
    )


def resource_of(one: Resource, owner: str, state: State) -> Wire:
    """A resource as a finding has it."""
    name = state.names.get(one.key, one.key)
    return {
        "id": one.id,
        "type": one.type,
        "region": one.region,
        "partition": "aws",
        "tags": tags_of(one, owner, name),
    }


def coverage_row(one: Resource, scan: str, half: str, state: State) -> Wire:
    """A row of ListCoverage."""
    status = {"stopped": "INACTIVE"}.get(half, "ACTIVE")
    reason = {
        "pending": "PENDING_INITIAL_SCAN",
        "revival": "PENDING_REVIVAL_SCAN",
        "progress": "SCAN_IN_PROGRESS",
        "stopped": "EC2_INSTANCE_STOPPED",
    }.get(half, "SUCCESSFUL")
    usual = moment(state.night) + timedelta(hours=10)
    lasts: dict[str, datetime | None] = {
        "stale": usual - timedelta(days=40),
        "pending": None,
        "never": None,
        "future": datetime(2040, 1, 1, tzinfo=UTC),
    }
    last = lasts.get(half, usual)
    row: Wire = {
        "resourceId": one.id,
        "resourceType": one.type,
        "accountId": one.account,
        "scanType": scan,
        "scanStatus": {"statusCode": status, "reason": reason},
        "resourceMetadata": _metadata(one, state),
    }
    if one.kind == "ec2" and scan == "PACKAGE":
        row["scanMode"] = "EC2_SSM_AGENT_BASED"
    return row | ({"lastScannedAt": last.timestamp()} if last else {})


def _metadata(one: Resource, state: State) -> Wire:
    tags = tags_of(one, one.owner, state.names[one.key])
    kinds: dict[str, Wire] = {
        "ec2": {"ec2": {"tags": tags, "platform": "LINUX"}},
        "lambda": {
            "lambdaFunction": {
                "functionName": f"fn{one.key}",
                "functionTags": tags,
                "runtime": "PYTHON_3_11",
            }
        },
        "ecr": {"ecrImage": {"tags": ["latest"]}},
        "code": {"codeRepository": {"projectName": f"repo-{one.key}"}},
    }
    return kinds.get(one.kind, {})
