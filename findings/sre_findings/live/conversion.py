"""Converts findings and coverage from Inspector's responses to domain values."""

from __future__ import annotations

from sre_findings.inspector.wire.coverage import WireCoverage
from sre_findings.inspector.wire.finding_parts import (
    WireResource,
    decode_epss,
    decode_packages,
)
from sre_findings.inspector.wire.findings import WireFinding
from sre_findings.live.resource_owners import Key
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding
from sre_findings.model.timestamps import moment_of
from sre_findings.rows.values import packages_of, reachability_of


def coverage_of(row: WireCoverage, region: str) -> Coverage:
    """A row of coverage as a domain value."""
    status = row.scanStatus
    return Coverage(
        row.resourceId,
        row.resourceType,
        row.accountId,
        region,
        row.scanType,
        status.statusCode,
        status.reason,
        row.scanMode,
        moment_of(row.lastScannedAt),
    )


def key_of(wire: WireFinding, mine: WireResource) -> Key:
    """The resource of a finding: its account, type and ID."""
    return wire.awsAccountId or "", mine.type, mine.id


def finding_of(wire: WireFinding, mine: WireResource, region: str, owner: str | None) -> Finding:
    """A finding on one of its resources, with the resource's owner, as a domain value."""
    details = decode_packages(bytes(wire.packageVulnerabilityDetails) or b"{}")
    reached = reachability_of(bytes(details.vulnerablePackages))
    return Finding(
        finding_arn=wire.findingArn,
        vulnerability_id=details.vulnerabilityId,
        severity=wire.severity or "",
        status=wire.status or "",
        type=wire.type or "",
        title=wire.title,
        packages=packages_of(bytes(details.vulnerablePackages)),
        fix_available=wire.fixAvailable,
        exploit_available=wire.exploitAvailable,
        epss_score=decode_epss(bytes(wire.epss)),
        inspector_score=wire.inspectorScore,
        first_observed_at=moment_of(wire.firstObservedAt),
        last_observed_at=moment_of(wire.lastObservedAt),
        resource_id=mine.id,
        resource_type=mine.type,
        resource_name=(mine.tags or {}).get("Name", ""),
        account_id=wire.awsAccountId or "",
        region=region,
        owner=owner,
        reachability=reached.word,
        reachability_reason=reached.reason,
    )
