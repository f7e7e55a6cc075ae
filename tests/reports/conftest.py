"""Rows and answers to render.

Every field has a value, so that a test changes only what matters to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sre_findings.model.answers.answer import (
    CoverageAnswer,
    Group,
    Proof,
    ResourceAnswer,
    SummaryAnswer,
)
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import FINDINGS, VULNERABLE, Verdict
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.findings.finding import Finding, Package
from sre_findings.model.resources.resource import Resource
from sre_findings.model.sla.age_bands import AgeGrid
from sre_findings.model.sla.policy import DEFAULT
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Before, Material

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)
ARN = "arn:aws:inspector2:eu-west-1:111122223333:finding/0123456789abcdef0123456789abcdef"

_PACKAGES = [
    {
        "name": "vim-minimal",
        "version": "9.0.2153",
        "release": "1.amzn2023",
        "epoch": 2,
        "fixedInVersion": "2:9.1.785-1.amzn2023",
        "packageManager": "OS",
        "remediation": "dnf update vim-minimal",
        "arch": "X86_64",
    },
    {
        "name": "vim-data",
        "version": "9.0.2153",
        "release": "1.amzn2023",
        "epoch": 0,
        "fixedInVersion": "NotAvailable",
        "packageManager": "OS",
        "arch": "NOARCH",
    },
]
_DETAILS = {
    "vulnerabilityId": "CVE-2026-1234",
    "source": "REDHAT_CVE",
    "sourceUrl": "https://example.com/CVE-2026-1234",
    "vendorSeverity": "Important",
    "vendorCreatedAt": 1670073300.0,
    "referenceUrls": ["https://example.com/a", "https://example.com/b"],
    "cvss": [
        {
            "source": "NVD",
            "version": "2.0",
            "baseScore": 5.0,
            "scoringVector": "AV:N/AC:L/Au:N/C:N/I:P/A:N",
        },
        {"source": "NVD", "version": "3.1", "baseScore": 7.8, "scoringVector": "CVSS:3.1/AV:L"},
        {"source": "NVD", "version": "4.0", "baseScore": 9.9, "scoringVector": "CVSS:4.0/AV:L"},
        {
            "source": "OTHER_CVE",
            "version": "3.1",
            "baseScore": 1.0,
            "scoringVector": "CVSS:3.1/AV:P",
        },
        {
            "source": "REDHAT_CVE",
            "version": "3.0",
            "baseScore": 6.1,
            "scoringVector": "CVSS:3.0/AV:N",
        },
    ],
}
_RESOURCES = [
    {
        "id": "i-0123456789abcdef0",
        "type": "AWS_EC2_INSTANCE",
        "tags": {"Name": "prod-web-36", "empty": ""},
        "details": {
            "awsEc2Instance": {
                "imageId": "ami-0123",
                "platform": "AMAZON_LINUX_2023",
                "ipV4Addresses": ["10.0.0.7", "203.0.113.9", "not an address"],
                "ipV6Addresses": ["2001:db8::1"],
                "vpcId": "vpc-0123",
            }
        },
    }
]


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """A row of a finding as exports receive it."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "snapshot_id": "20261122T010000Z",
            "finding_arn": ARN,
            "resource_index": 0,
            "account_id": "111122223333",
            "region": "eu-west-1",
            "resource_type": "AWS_EC2_INSTANCE",
            "resource_id": "i-0123456789abcdef0",
            "resource_name": "prod-web-36",
            "owner": "payments",
            "type": "PACKAGE_VULNERABILITY",
            "severity": "HIGH",
            "severity_rank": 1,
            "status": "ACTIVE",
            "vulnerability_id": "CVE-2026-1234",
            "vulnerability_source": "REDHAT_CVE",
            "title": "CVE-2026-1234 - vim-minimal, vim-data",
            "description": 'A flaw, and a "quoted" one.',
            "fix_available": "PARTIAL",
            "exploit_available": "YES",
            "inspector_score": 7.8,
            "epss_score": 0.00203,
            "reachability": None,
            "reachability_reason": None,
            "kev": True,
            "kev_due": "2026-11-12",
            "due_on": "2026-11-12",
            "days_overdue": 10,
            "first_observed_at": _micros(datetime(2026, 11, 2, 3, tzinfo=UTC)),
            "last_observed_at": _micros(datetime(2026, 11, 21, 3, 4, 5, 98_000, tzinfo=UTC)),
            "updated_at": None,
            "packages": json.dumps(_PACKAGES),
            "vulnerability_details": json.dumps(_DETAILS),
            "network_details": None,
            "code_details": None,
            "score_details": json.dumps({"adjustedCvss": {"scoringVector": "CVSS:3.1/AV:L/PR:N"}}),
            "exploitability": json.dumps({"lastKnownExploitAt": 1673851644.0}),
            "epss": json.dumps({"score": 0.00203}),
            "remediation": json.dumps(
                {"recommendation": {"text": "Update.", "Url": "https://example.com/fix"}}
            ),
            "resources": json.dumps(_RESOURCES),
            "extra": json.dumps({"newField": {"kept": True}}),
            "not_understood": "newField",
            **changes,
        }

    return make


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """A finding as in answers."""

    def make(**changes: Any) -> Finding:
        values: dict[str, Any] = {
            "finding_arn": ARN,
            "vulnerability_id": "CVE-2026-1234",
            "severity": "HIGH",
            "status": "ACTIVE",
            "type": "PACKAGE_VULNERABILITY",
            "title": "CVE-2026-1234 - vim-minimal",
            "packages": (
                Package("vim-minimal", "2:9.0.2153-1.amzn2023", "2:9.1.785-1.amzn2023", "OS"),
            ),
            "fix_available": "YES",
            "exploit_available": "NO",
            "epss_score": 0.002,
            "reachability": None,
            "reachability_reason": None,
            "inspector_score": 7.8,
            "first_observed_at": datetime(2026, 11, 2, 3, tzinfo=UTC),
            "last_observed_at": datetime(2026, 11, 21, 3, tzinfo=UTC),
            "resource_id": "i-0123456789abcdef0",
            "resource_type": "AWS_EC2_INSTANCE",
            "resource_name": "prod-web-36",
            "account_id": "111122223333",
            "region": "eu-west-1",
        }
        return Finding(**values | changes)

    return make


@pytest.fixture
def proof() -> Callable[..., Proof]:
    """A complete snapshot, six hours old. ``reasons`` are the statements of its causes."""

    def make(**changes: Any) -> Proof:
        values: dict[str, Any] = {
            "source": "snapshot",
            "snapshot_id": "20261122T010000Z",
            "as_of": AS_OF,
            "age_seconds": 6 * 3600,
            "state": "complete",
            "claim": "for all visible accounts",
        }
        causes = tuple(Reason("not_ended", text) for text in changes.pop("reasons", ()))
        values["causes"] = causes
        return Proof(**values | changes)

    return make


@pytest.fixture
def resource_answer(
    finding: Callable[..., Finding], proof: Callable[..., Proof]
) -> Callable[..., ResourceAnswer]:
    """An answer with one listed finding of thirteen open ones."""

    def make(**changes: Any) -> ResourceAnswer:
        values: dict[str, Any] = {
            "resource": Resource(
                "i-0123456789abcdef0",
                "AWS_EC2_INSTANCE",
                "111122223333",
                "eu-west-1",
                "prod-web-36",
            ),
            "verdict": Verdict(VULNERABLE, FINDINGS, "Inspector reports open findings"),
            "rollup": Rollup(
                Counts(critical=2, high=6, medium=5),
                suppressed=3,
                fixable=11,
                exploitable=1,
                resources=1,
            ),
            "coverage": (),
            "findings": (finding(),),
            "total_findings": 16,
            "next_cursor": None,
            "proof": proof(),
        }
        return ResourceAnswer(**values | changes)

    return make


@pytest.fixture
def summary_answer(proof: Callable[..., Proof]) -> Callable[..., SummaryAnswer]:
    """The same counts for all resources, optionally by account."""

    def make(**changes: Any) -> SummaryAnswer:
        rollup = Rollup(
            Counts(critical=2, high=6, medium=5),
            suppressed=3,
            fixable=11,
            exploitable=1,
            resources=4,
        )
        values: dict[str, Any] = {
            "verdict": Verdict(VULNERABLE, FINDINGS, "Inspector reports open findings"),
            "rollup": rollup,
            "uncovered": 0,
            "proof": proof(),
        }
        if changes.get("by"):
            values["groups"] = (Group("111122223333", "", rollup),)
        return SummaryAnswer(**values | changes)

    return make


@pytest.fixture
def coverage_answer(proof: Callable[..., Proof]) -> Callable[..., CoverageAnswer]:
    """Two instances without an agent, one with a stale inventory, and one denied region."""

    def make(**changes: Any) -> CoverageAnswer:
        def gap(number: int, reason: str) -> Coverage:
            place = ("AWS_EC2_INSTANCE", "111122223333", "eu-west-1")
            return Coverage(
                f"i-0123456789abcde{number:02}",
                *place,
                "PACKAGE",
                "INACTIVE",
                reason,
                name=f"silent-{number}",
            )

        values: dict[str, Any] = {
            "scanned": 40,
            "gaps": (
                gap(1, "STALE_INVENTORY"),
                gap(2, "UNMANAGED_EC2_INSTANCE"),
                gap(3, "UNMANAGED_EC2_INSTANCE"),
            ),
            "cells": (Gap("*", "eu-south-1", "*", "*", "access_denied"),),
            "proof": proof(),
        }
        return CoverageAnswer(**values | changes)

    return make


def _line(place: int, what: str) -> dict[str, Any]:
    return {
        "place": place,
        "what": what,
        "findings": 3,
        "resources": 3,
        "kev": 1,
        "critical": 1,
        "command": f"dnf upgrade {what}",
        "platform": "AMAZON_LINUX_2023",
    }


def _night_of_trend(day: date, counts: int, **changes: Any) -> dict[str, Any]:
    severities = {"critical": 2, "high": 6 + counts, "medium": 5, "low": 0}
    return {
        "date": day.isoformat(),
        "state": "complete",
        **severities,
        "came": 3,
        "went": 2,
        **changes,
    }


@pytest.fixture
def night(
    summary_answer: Callable[..., SummaryAnswer],
    coverage_answer: Callable[..., CoverageAnswer],
    proof: Callable[..., Proof],
) -> Callable[..., Material]:
    """The data of the third of three snapshots.

    ``summary`` changes the summary; other arguments change the data.
    """

    def listed(name: str, items: Sequence[Any], **summary: Any) -> ListAnswer[Any, Any]:
        return ListAnswer("", name, items, len(items), (), (), proof(), summary)

    def make(summary: Mapping[str, Any] | None = None, **changes: Any) -> Material:
        whole = summary_answer(**{"uncovered": 3, **(summary or {})})
        usual = summary_answer().rollup
        less = replace(usual, counts=replace(usual.counts, critical=1))
        before = Before(
            summary_answer(rollup=less, proof=proof(as_of=AS_OF - timedelta(days=1))), 5
        )
        since = {"snapshot_id": "20261121T010000Z", "as_of": "2026-11-21T01:00:00Z"}
        flow = {"opened_by": {"new": 4, "onboarding": 90, "reopened": 1}, "counts": {"resolved": 2}}
        values: dict[str, Any] = {
            "owner": None,
            "account": None,
            "today": AS_OF.date(),
            "policy": DEFAULT,
            "summary": whole,
            "before": before,
            "resources": (),
            "accounts": summary_answer(by="account"),
            "owners": whole,
            "late": listed("groups", [], late=4),
            "late_by_account": listed("groups", []),
            "ages": AgeGrid((), {}),
            "coverage": coverage_answer(),
            "changes": listed("events", [], since=since, **flow),
            "trend": listed(
                "nights", [_night_of_trend(AS_OF.date() - timedelta(days=n), n) for n in (2, 1, 0)]
            ),
            "time_to_fix": listed("groups", [{"value": "CRITICAL", "median_days": 12}]),
            "fixes": listed(
                "lines",
                [_line(n, what) for n, what in enumerate(("kernel", "openssl", "vim", "curl"), 1)],
            ),
            "risks": (),
            "findings": iter(()),
            "evidence": None,
        }
        return Material(**values | changes)

    return make
