"""The verdict on all resources follows the same rule as that on one resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.inspector_findings import inspector_finding
from tests.support.sources import make_sources

from sre_findings.inspector.wire.coverage import decode_coverage
from sre_findings.model.errors import UsageError
from sre_findings.model.resources.owners import Owners
from sre_findings.queries import ask as ask_sources
from sre_findings.questions.catalogue import Summary
from sre_scanner.tables.coverage import CoverageRows
from sre_simulator.fleet import replay_fleet
from sre_simulator.fleet.organization import SCANNED, enabled
from sre_simulator.inspector.server import Fault


@pytest.fixture
def asked(storage: Any, served: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """The summary of an organization whose only finding has the given status."""

    def ask(status: str, *faults: Fault, age: timedelta = timedelta(), off: str = "") -> Any:
        finding = inspector_finding(status=status)
        (tmp_path / "one.jsonl").write_text(json.dumps(finding) + "\n")
        fleet = replay_fleet(tmp_path / "one.jsonl", now=NOW)
        if off:
            statuses = {one: enabled(**{off: "DISABLED"}) for one in fleet.accounts}
            fleet = replace(fleet, statuses=statuses)
        with served(fleet, faults=faults) as simulator:
            commit = storage.scan(simulator)
        return ask_sources(
            Summary(),
            make_sources(storage.snapshots, storage.table, tmp_path, commit.ended_at + age),
        )

    return ask


@pytest.mark.parametrize(
    ("status", "faults", "age", "verdict", "reason"),
    [
        ("ACTIVE", (), 0, "vulnerable", "findings"),
        ("SUPPRESSED", (), 0, "vulnerable", "suppressed_only"),
        ("CLOSED", (), 0, "clean", "no_findings"),
        ("CLOSED", (), 27, "unknown", "snapshot_too_old"),
        ("CLOSED", (Fault("denied", "ListCoverage", times=9),), 0, "unknown", "scan_incomplete"),
        ("ACTIVE", (Fault("denied", "ListCoverage", times=9),), 27, "vulnerable", "findings"),
    ],
)
def test_nothing_is_clean_unless_read_completely_and_recently(
    asked: Callable[..., Any],
    status: str,
    faults: tuple[Fault, ...],
    age: int,
    verdict: str,
    reason: str,
) -> None:
    answer = asked(status, *faults, age=timedelta(hours=age))
    assert (answer.verdict.verdict, answer.verdict.reason) == (verdict, reason)
    assert bool(answer.verdict.notes) == bool(faults)


def test_a_resource_that_is_not_scanned_prevents_clean(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sre_findings.model.coverage.counts.Silence.uncovered", property(lambda _: 2)
    )
    answer = asked("CLOSED")
    assert (answer.verdict.verdict, answer.verdict.reason, answer.uncovered) == (
        "unknown",
        "not_scanned",
        2,
    )


@pytest.mark.parametrize("off", sorted({*SCANNED} - {"ec2"}))
def test_a_scan_type_that_is_off_prevents_clean_unless_others_prove_it(
    asked: Callable[..., Any], off: str
) -> None:
    answer = asked("CLOSED", off=off)
    if off == "lambdaCode":  # functions are proven by the scan of their packages
        assert answer.verdict.verdict == "clean"
        return
    assert (answer.verdict.verdict, answer.verdict.reason) == ("unknown", "not_scanned")
    assert "Inspector does not scan" in answer.verdict.explanation
    assert "111122223333 eu-west-1" in answer.verdict.explanation


def test_a_scan_type_that_is_off_changes_nothing_about_findings(asked: Callable[..., Any]) -> None:
    assert asked("ACTIVE", off="ecr").verdict == asked("ACTIVE").verdict


AS_OF = datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "uncovered", "doubtful"),
    [
        ({}, 0, 0),
        ({"scanStatus": {"statusCode": "INACTIVE", "reason": "NO_INVENTORY"}}, 1, 0),
        ({"scanStatus": {"statusCode": "ACTIVE", "reason": "PENDING_INITIAL_SCAN"}}, 0, 1),
        ({"scanStatus": {"statusCode": "ACTIVE", "reason": "NOT_YET_INVENTED"}}, 0, 1),
        ({"lastScannedAt": AS_OF.timestamp() - 30 * 86400}, 0, 1),
        ({"lastScannedAt": AS_OF.timestamp() + 86400}, 0, 1),
        ({"lastScannedAt": 1e300}, 0, 1),
        ({"scanType": "NETWORK"}, 0, 1),
        ({"scanType": "MALWARE"}, 0, 1),
        ({"resourceType": "AWS_EKS_CLUSTER"}, 0, 1),
        (
            {
                "resourceType": "Microsoft.ContainerRegistry/registries",
                "resourceMetadata": {"containerRegistry": {"name": "r"}},
            },
            0,
            0,
        ),
    ],
)
def test_resources_without_proof_are_counted(
    row: dict[str, Any], uncovered: int, doubtful: int
) -> None:
    usual = {
        "resourceId": "i-0123456789abcdef0",
        "resourceType": "AWS_EC2_INSTANCE",
        "accountId": "111122223333",
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": AS_OF.timestamp() - 3600,
    }
    rows = CoverageRows("20261122T010000Z", "eu-west-1", Owners(), AS_OF)
    rows.add(decode_coverage(json.dumps({"coveredResources": [usual | row]}).encode()))
    assert (rows.silence.uncovered, rows.silence.doubtful) == (uncovered, doubtful)


def test_a_resource_not_scanned_recently_prevents_clean(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sre_findings.model.coverage.counts.Silence.doubtful", property(lambda _: 3)
    )
    answer = asked("CLOSED")
    assert (answer.verdict.verdict, answer.verdict.reason) == ("unknown", "scanned_too_long_ago")


def test_an_unknown_summary_dimension_is_a_usage_error(storage: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot summarize by 'colour'"):
        ask_sources(Summary("colour"), make_sources(storage.snapshots, storage.table, tmp_path))
