"""Coverage, the summary, the verdict and the gate say the same about every kind of scan."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.small_fleet import ADMIN, MEMBER, covered, found, small_fleet
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, EVERYTHING, Access
from sre_findings.model.answers.gate import PASSED, Gate
from sre_findings.model.findings.severity import Severity
from sre_findings.model.resources import resource as types
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CoverageGaps, Summary, Vulnerabilities
from sre_simulator.fleet.organization import enabled

LATELY, LONG_AGO = NOW - timedelta(hours=1), NOW - timedelta(days=40)
LAST = (LATELY, LONG_AGO, datetime(2040, 1, 1, tzinfo=UTC), None)
STATUSES = (
    ("ACTIVE", "SUCCESSFUL"),
    ("ACTIVE", "PENDING_REVIVAL_SCAN"),
    ("ACTIVE", "SCAN_IN_PROGRESS"),
    ("ACTIVE", "NOT_YET_INVENTED"),
    ("INACTIVE", "NO_INVENTORY"),
)
REPOSITORY = types.IMAGE_REPOSITORY
KINDS = (
    (types.INSTANCE, ("PACKAGE",)),
    (types.INSTANCE, ("NETWORK",)),
    (types.INSTANCE, ("PACKAGE", "NETWORK")),
    (types.IMAGE, ("PACKAGE",)),
    (types.FUNCTION, ("PACKAGE",)),
    (types.FUNCTION, ("PACKAGE", "CODE")),
    (types.AZURE_MACHINE, ("PACKAGE",)),
    (REPOSITORY, ("PACKAGE",)),
    ("AWS_EKS_CLUSTER", ("PACKAGE",)),
    (types.INSTANCE, ()),
    ("AWS_EKS_CLUSTER", ()),
)
OFF = enabled(**{"ec2": "DISABLED", "ecr": "DISABLED", "lambda": "DISABLED", "ami": "DISABLED"})
"""The status of an account that scans the code of functions and repositories only."""


@dataclass(frozen=True)
class Case:
    """A resource: its last listed scan is as described, the others succeeded lately."""

    number: int
    account: str
    kind: str
    scans: tuple[str, ...]
    status: str
    reason: str
    last: datetime | None

    @property
    def name(self) -> str:
        return f"resource-{self.number}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        usual = {"resourceType": self.kind, "lastScannedAt": LATELY.timestamp()}
        rows = [
            covered(NOW, self.account, self.name, **usual, scanType=scan) for scan in self.scans
        ]
        if not rows:
            return []
        rows[-1] |= {"scanStatus": {"statusCode": self.status, "reason": self.reason}}
        rows[-1]["lastScannedAt"] = self.last.timestamp() if self.last else None
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    @property
    def scanned(self) -> bool:
        """Whether all of its scans show what they should, in other words than the product's."""
        if self.kind == "AWS_EKS_CLUSTER" or (self.status, self.reason) != STATUSES[0]:
            return False
        switched_off = self.kind in (types.INSTANCE, types.IMAGE, types.FUNCTION)
        if self.account == MEMBER and (switched_off or self.kind == REPOSITORY):
            return self.kind == REPOSITORY and self.last in (LATELY, None)
        if "PACKAGE" not in self.scans:
            return False
        if self.kind == REPOSITORY:
            return self.last in (LATELY, None)
        continuous = self.kind in (types.IMAGE, types.FUNCTION)
        return self.last == LATELY or (continuous and self.last == LONG_AGO)


@cache
def cases() -> tuple[Case, ...]:
    every = itertools.product((ADMIN, MEMBER), KINDS, STATUSES, LAST)
    return tuple(
        Case(number, account, *kind, *status, last)
        for number, (account, kind, status, last) in enumerate(every)
    )


@pytest.fixture
def scanned(storage: Any, served: Callable[..., Any], tmp_path: Path) -> Any:
    """The sources of a snapshot of all cases. Every third resource has a low finding,
    and each that coverage does not list."""
    rows = [row for case in cases() for row in case.rows]
    low = [
        found(case.number, "LOW", case.account, case.name, case.kind)
        for case in cases()
        if case.number % 3 == 0 or not case.scans
    ]
    fleet = small_fleet(NOW, rows, low, (ADMIN, MEMBER), {MEMBER: OFF})
    with served(fleet) as simulator:
        commit = storage.scan(simulator)
    assert (commit.state, commit.gaps) == ("complete", ())
    return make_sources(storage.snapshots, storage.table, tmp_path, commit.ended_at)


def test_all_answers_agree_about_every_kind_of_scan(scanned: Any) -> None:
    coverage = ask(CoverageGaps(), scanned)
    listed = {row.resource_id for row in coverage.gaps}
    assert listed == {case.name for case in cases() if not case.scanned}
    for case in cases():
        answer = ask(Vulnerabilities(case.name), scanned)
        proven = case.scanned and case.kind != REPOSITORY  # its images are scanned, not itself
        clean = answer.verdict.verdict == "clean"
        assert clean == (proven and not answer.rollup.counts.total), case
        passed = Gate(Severity.CRITICAL).decide(answer).outcome == PASSED
        assert passed == proven, case


@pytest.mark.parametrize(
    "access",
    [
        EVERYTHING,
        Access(frozenset({ADMIN}), frozenset({ALL})),
        Access(frozenset({MEMBER}), frozenset({ALL})),
    ],
    ids=["everything", "administrator", "member"],
)
def test_coverage_and_the_summary_count_the_same_resources(scanned: Any, access: Access) -> None:
    visible = [case for case in cases() if access.allows_account(case.account)]
    sources = scanned.seen_by(access)
    coverage, summary = ask(CoverageGaps(), sources).to_json(), ask(Summary(), sources)
    assert coverage["scanned"] == sum(case.scanned for case in visible)
    assert coverage["scanned"] + coverage["not_scanned"] == len(visible)
    assert coverage["not_scanned"] == summary.uncovered + summary.doubtful


def test_every_gap_has_its_reason(scanned: Any) -> None:
    gaps = ask(CoverageGaps(), scanned).to_json()["gaps"]
    assert all(
        gap["explanation"] and gap["explanation"] != gap["reason"]
        for gap in gaps
        if gap["reason"] != "NOT_YET_INVENTED"
    )
    by_name = {gap["resource_id"]: gap for gap in gaps}

    def reason(account: str, kind: int, last: datetime | None) -> str:
        (case,) = (one for one in cases() if (one.account, one.last) == (account, last)
                   and (one.kind, one.scans) == KINDS[kind]
                   and (one.status, one.reason) == STATUSES[0])  # fmt: skip
        return str(by_name[case.name]["reason"])

    assert reason(ADMIN, 0, LONG_AGO) == "SCANNED_TOO_LONG_AGO"
    assert reason(ADMIN, 0, None) == reason(ADMIN, 3, None) == "NEVER_SCANNED"
    assert reason(ADMIN, 3, LAST[2]) == reason(ADMIN, 4, LAST[2]) == "SCANNED_IN_THE_FUTURE"
    assert reason(ADMIN, 1, LATELY) == "NOT_LISTED"
    assert reason(ADMIN, 8, LATELY) == "NO_RULE"
    assert {reason(MEMBER, kind, LATELY) for kind in (0, 2, 3, 4)} == {"SWITCHED_OFF"}
