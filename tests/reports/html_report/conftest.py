"""The data of a report.

Every field has a value, so that a test changes only what matters to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sre_findings.model.answers.answer import CoverageAnswer, Group, Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness
from sre_findings.model.sla.age_bands import AgeGrid, Square, bands
from sre_findings.model.sla.ages import Lateness
from sre_findings.model.sla.policy import DEFAULT
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.evidence import Evidence
from sre_findings.nightly.report import Before, Held, Material
from sre_findings.nightly.risks import Risk

AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.fixture
def listed(proof: Callable[..., Proof]) -> Callable[..., ListAnswer[Any, Any]]:
    """A list answer with these items and summary."""

    def make(items: list[dict[str, Any]], **summary: Any) -> ListAnswer[Any, Any]:
        return ListAnswer("", "items", items, len(items), (), (), proof(), summary)

    return make


@pytest.fixture
def open_finding() -> Callable[..., OpenFinding]:
    """One finding.

    A change applies to the weakness, the place or the finding, depending on the field's name.
    """

    def make(**changes: Any) -> OpenFinding:
        weakness = Weakness(
            "HIGH",
            "CVE-2026-1234",
            "",
            7.8,
            0.002,
            False,
            False,
            True,
            "vim-minimal",
            "9.0-1",
            "9.1-1",
        )
        place = Place(
            "i-0123456789abcdef0",
            "AWS_EC2_INSTANCE",
            "prod-web-36",
            "111122223333",
            "eu-west-1",
            "payments",
        )
        own: dict[str, Any] = {"opened_on": "2026-11-02", "due_on": "2026-12-02", "new": False}
        own |= {name: value for name, value in changes.items() if name in own}
        of = [
            {name: value for name, value in changes.items() if name in one._fields}
            for one in (weakness, place)
        ]
        return OpenFinding(weakness._replace(**of[0]), place._replace(**of[1]), **own)

    return make


def _night(number: int, **numbers: int) -> dict[str, Any]:
    counts = {"critical": 2, "high": 6, "medium": 5, "low": 0, "came": 0, "went": 0}
    return {"date": f"2026-11-{number:02}", "state": "complete", **counts, **numbers}


@pytest.fixture
def night(
    summary_answer: Callable[..., SummaryAnswer],
    coverage_answer: Callable[..., CoverageAnswer],
    listed: Callable[..., ListAnswer[Any, Any]],
    open_finding: Callable[..., OpenFinding],
) -> Callable[..., Material]:
    """The data of a second snapshot: ``night(coverage=…)``.

    It has 13 open findings, two of which are listed.
    """
    whole = summary_answer()
    worst = Rollup(Counts(critical=2, high=40, low=1), kev=3, resources=1)
    place = open_finding().place
    other = place._replace(resource_id="i-0fedcba9876543210", name="")
    came = {"new": 3, "onboarding": 0, "successor": 0, "reopened": 1}
    went = {"patched": 5, "terminated": 1, "not_scanned": 0, "unknown": 0}
    line = {
        "place": 1,
        "what": "vim-minimal",
        "advice": "Update vim-minimal.",
        "command": "sudo dnf update vim-minimal",
        "packages": [{"name": "vim-minimal", "fixed_in": "0:9.1-1"}],
        "resources": 2,
        "findings": 7,
        "critical": 1,
        "high": 0,
        "kev": 1,
        "hosts": [
            {"name": "prod-web-36", "resource_id": "i-0123456789abcdef0"},
            {"name": "", "resource_id": "i-0fedcba9876543210"},
        ],
    }
    priority: Any = {
        "vulnerability_id": "CVE-2026-1234",
        "type": "PACKAGE_VULNERABILITY",
        "title": "CVE-2026-1234 - vim",
        "severity": "CRITICAL",
        "kev": True,
        "resources": 2,
        "why": "In KEV, due 2026-11-20 (2 days late); exploited in the wild; EPSS 0.97;"
        " critical, Inspector score 9.8; reachable from the internet.",
    }
    days = {"value": "CRITICAL", "median_days": 12}

    def make(**changes: Any) -> Material:
        values: dict[str, Any] = {
            "owner": None,
            "account": None,
            "today": date(2026, 11, 22),
            "policy": DEFAULT,
            "summary": whole,
            "before": Before(
                replace(
                    whole, rollup=replace(whole.rollup, counts=Counts(critical=3, high=4, medium=5))
                ),
                1,
            ),
            "resources": [
                Held(place, worst, Lateness(late=2)),
                Held(other, Rollup(Counts(high=1), resources=1), Lateness()),
                Held(other._replace(resource_id="i-0"), Rollup(suppressed=3), Lateness()),
            ],
            "accounts": replace(
                whole, by="account", groups=(Group("111122223333", "production", whole.rollup),)
            ),
            "owners": replace(
                whole,
                by="owner",
                groups=(Group("payments", "", worst), Group("", "", Rollup(Counts(low=2)))),
            ),
            "late": listed(
                [{"owner": "payments", "late": 2}],
                **Lateness(2, 1, 10, 0, (1, 1, 0, 0, 0, 0, 0), 4).to_json(),
            ),
            "late_by_account": listed([{"account": "111122223333", "late": 2}]),
            "ages": AgeGrid(
                bands(DEFAULT),
                {
                    0: (Square(1, 0), Square(1, 1), *[Square(0, 0)] * 3),
                    1: (Square(3, 1), Square(3, 0), *[Square(0, 0)] * 3),
                    2: (Square(5, 0), *[Square(0, 0)] * 4),
                },
            ),
            "coverage": coverage_answer(),
            "changes": listed(
                [], since={"snapshot_id": "20261121T010000Z"}, opened_by=came, resolved_by=went
            ),
            "trend": listed([_night(20, critical=3), _night(22, came=4, went=6)]),
            "time_to_fix": listed([days, {"value": "LOW", "median_days": None}]),
            "fixes": listed([line]),
            "risks": [Risk(priority, ["payments"], date(2026, 11, 20))],
            "findings": iter(
                [
                    open_finding(),
                    open_finding(identity="network reachability", title="Port 22", packages=""),
                ]
            ),
            "evidence": Evidence(
                "s3://bucket/snapshots/20261122T010000Z",
                "ab" * 32,
                AS_OF,
                datetime(2026, 11, 22, 1, 5, 7, tzinfo=UTC),
                ("ACTIVE",),
                ("eu-west-1", "us-east-1"),
                4,
                68,
                1,
                2,
                0,
                0,
                13,
                13,
                9,
                21,
                7,
                8,
                (),
            ),
        }
        return Material(**values | changes)

    return make
