"""A finding for tests of rules that compare its fields."""

from __future__ import annotations

from datetime import UTC, datetime

from sre_findings.model.findings.finding import Finding, Package

SEEN = datetime(2026, 11, 22, 1, tzinfo=UTC)
FINDING = Finding(
    finding_arn=(
        "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"
    ),
    vulnerability_id="CVE-2024-3094",
    severity="CRITICAL",
    status="ACTIVE",
    type="PACKAGE_VULNERABILITY",
    title=None,
    packages=(Package("xz-utils", "5.6.0", manager="OS"),),
    fix_available="YES",
    exploit_available=None,
    epss_score=None,
    inspector_score=None,
    first_observed_at=SEEN,
    last_observed_at=SEEN,
    resource_id="i-0123456789abcdef0",
    resource_type="AWS_EC2_INSTANCE",
    resource_name="web-1",
    account_id="111122223333",
    region="eu-west-1",
)
"""An open critical finding of one package on an instance."""
