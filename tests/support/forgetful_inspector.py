"""A stand-in for Inspector in one region that forgets findings in its listing while others change.

Each call takes a second. Filters by ARN, status and time, and counts, are always right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sre_findings.model.errors import AccessDenied
from sre_findings.model.resources.resource import INSTANCE

REGION, ADMIN, MEMBER = "eu-west-1", "111122223333", "444455556666"
Wire = dict[str, Any]
Change = Callable[["ForgetfulInspector"], None]


def host_of(number: int) -> str:
    """The host of a finding. Three findings share one, and hosts take turns with accounts."""
    return f"i-{number // 3:017x}"


def account_of(number: int) -> str:
    return MEMBER if number // 3 % 2 else ADMIN


def arn_of(number: int) -> str:
    # spread like Inspector's, so that the order of ARNs is not that of their age
    return f"arn:aws:inspector2:{REGION}:{account_of(number)}:finding/{number * 0x9E3779B97F4A7C15 % 2**64:032x}"


@dataclass
class ForgetfulInspector:
    """``forgets`` are the findings that ListFindings lacks, ``changes`` what happens by page.

    ``denied`` are operations without permission; "by_arn" is ListFindings with ARNs. ``lag`` is
    added to the counts of an account.
    """

    clock: datetime
    severities: dict[int, str]
    page: int = 3
    forgets: set[int] = field(default_factory=set)
    changes: dict[int, list[Change]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    unscanned: set[str] = field(default_factory=set)
    lag: dict[str, int] = field(default_factory=dict)
    findings: dict[str, Wire] = field(default_factory=dict)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    pages: int = 0

    def __post_init__(self) -> None:
        for number, severity in self.severities.items():
            self.open(number, severity)
            self.findings[arn_of(number)] |= dict.fromkeys(
                ("firstObservedAt", "lastObservedAt", "updatedAt"), 1.7e9 + number
            )

    def now(self) -> datetime:
        return self.clock

    def connect(self, _region: str, **_: Any) -> Callable[[str, Mapping[str, Any]], bytes]:
        def call(operation: str, body: Mapping[str, Any]) -> bytes:
            self.clock += timedelta(seconds=1)
            by_arn = "findingArn" in body.get("filterCriteria", {})
            if operation in self.denied or (by_arn and "by_arn" in self.denied):
                raise AccessDenied("AWS denied it", do=f"Allow inspector2:{operation}.")
            self.asked.append({"operation": operation, **body})
            return json.dumps(getattr(self, f"_{operation}")(body)).encode()

        return call

    def next_scan(self, at: datetime, **changes: Any) -> ForgetfulInspector:
        """The same findings at a later time, listed anew."""
        after = ForgetfulInspector(at, {}, self.page, **changes)
        after.findings = {arn: dict(one) for arn, one in self.findings.items()}
        return after

    # Changes of findings.

    def open(self, number: int, severity: str = "LOW") -> None:
        at = self.clock.timestamp()
        self.findings[arn_of(number)] = {
            "findingArn": arn_of(number),
            "awsAccountId": account_of(number),
            "type": "PACKAGE_VULNERABILITY",
            "severity": severity,
            "status": "ACTIVE",
            "description": "x",
            "title": f"CVE-2026-{1000 + number} - openssl",
            "packageVulnerabilityDetails": {
                "vulnerabilityId": f"CVE-2026-{1000 + number}",
                "source": "NVD",
            },
            "resources": [
                {"id": host_of(number), "type": INSTANCE, "region": REGION, "partition": "aws"}
            ],
            **dict.fromkeys(("firstObservedAt", "lastObservedAt", "updatedAt"), at),
        }

    def alter(self, number: int, **fields: Any) -> None:
        """Changes a finding now; ``touch`` is an alteration of nothing else."""
        if arn_of(number) in self.findings:
            self.findings[arn_of(number)] |= {"updatedAt": self.clock.timestamp(), **fields}

    # Operations.

    def _ListFindings(self, body: Mapping[str, Any]) -> Wire:  # noqa: N802 - names of the API, here and below
        criteria = body["filterCriteria"]
        rows = [
            one
            for arn, one in sorted(self.findings.items())
            if arn > body.get("nextToken", "") and _matches(one, criteria)
        ]
        if criteria.keys() == {"findingStatus"}:
            forgotten = {arn_of(number) for number in self.forgets}
            rows = [one for one in rows if one["findingArn"] not in forgotten]
        page = [dict(one) for one in rows[: self.page]]
        if criteria.keys() == {"findingStatus"}:
            self.pages += 1
            for change in self.changes.get(self.pages, ()):
                change(self)
        more = {"nextToken": page[-1]["findingArn"]} if len(rows) > self.page else {}
        return {"findings": page, **more}

    def _ListFindingAggregations(self, body: Mapping[str, Any]) -> Wire:  # noqa: N802
        wanted = body["aggregationRequest"]["accountAggregation"].get("resourceType", INSTANCE)
        counts: dict[str, dict[str, int]] = {}
        for one in self.findings.values():
            if one["status"] == "ACTIVE" and wanted == INSTANCE:
                some = counts.setdefault(one["awsAccountId"], {})
                for name in ("all", one["severity"].lower()):
                    some[name] = some.get(name, 0) + 1
        for account, number in self.lag.items():
            counts[account]["all"] += number
        return {
            "responses": [
                {"accountAggregation": {"accountId": account, "severityCounts": some}}
                for account, some in counts.items()
            ]
        }

    def _ListCoverage(self, _: Mapping[str, Any]) -> Wire:  # noqa: N802
        hosts = {(one["resources"][0]["id"], one["awsAccountId"]) for one in self.findings.values()}
        return {
            "coveredResources": [
                {
                    "resourceType": INSTANCE,
                    "resourceId": host,
                    "accountId": account,
                    "scanType": "PACKAGE",
                    "scanStatus": {"statusCode": "INACTIVE", "reason": "EC2_INSTANCE_STOPPED"}
                    if host in self.unscanned
                    else {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
                    "lastScannedAt": self.clock.timestamp() - 3600,
                }
                for host, account in sorted(hosts)
            ]
        }

    def _BatchGetAccountStatus(self, body: Mapping[str, Any]) -> Wire:  # noqa: N802
        on = {"status": "ENABLED"}
        switches = dict.fromkeys(("ec2", "ecr", "lambda", "lambdaCode", "codeRepository"), on)
        return {
            "accounts": [
                {"accountId": account, "state": on, "resourceState": switches}
                for account in body.get("accountIds") or [ADMIN]
            ]
        }

    def _ListMembers(self, _: Mapping[str, Any]) -> Wire:  # noqa: N802
        return {"members": [{"accountId": MEMBER}]}

    def _BatchGetFindingDetails(self, body: Mapping[str, Any]) -> Wire:  # noqa: N802
        return {"findingDetails": [{"findingArn": arn} for arn in body["findingArns"]]}


def _matches(one: Wire, criteria: Mapping[str, Any]) -> bool:
    values = {"findingStatus": one["status"], "findingArn": one["findingArn"]}
    for name, tests in criteria.items():
        if name == "updatedAt":
            if not any(
                test.get("startInclusive", 0) <= one[name] <= test.get("endInclusive", 1e12)
                for test in tests
            ):
                return False
        elif not any(
            (test["value"] == values[name]) == (test["comparison"] == "EQUALS") for test in tests
        ):
            return False
    return True
