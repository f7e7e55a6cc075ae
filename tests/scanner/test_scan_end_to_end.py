"""A scan reads all data of the service, or reports what is missing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.clock import NOW

from sre_findings.inspector import listing
from sre_findings.inspector.wire.findings import FindingsPage
from sre_findings.model.errors import (
    CommitLost,
    CredentialsInvalid,
    InspectorDisabled,
    Interrupted,
    StoreUnreadable,
    Unreadable,
    UsageError,
)
from sre_findings.model.snapshots.rollup import Scope
from sre_findings.model.snapshots.scan_plan import AcceptedGap, Expectation
from sre_findings.model.snapshots.shard_facts import AccountStatus
from sre_findings.store.records import rollups
from sre_findings.store.schema.original_finding import finding as rebuild
from sre_findings.store.snapshots.keys import parse, partition
from sre_findings.store.snapshots.reader import Commit
from sre_scanner.commit import roll_up
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import BUSY_INSTANCE, default_fleet, replay_fleet
from sre_simulator.inspector.server import Change, Fault

pytestmark = pytest.mark.slow


def rows_of(storage: Any, commit: Commit, kind: str = "findings") -> list[dict[str, Any]]:
    root = storage.folder / "store" / partition(kind, commit.snapshot_id)
    return [
        row
        for path in sorted(root.glob("*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def whole_rows_of(storage: Any, commit: Commit) -> list[dict[str, Any]]:
    """Findings joined with the data that they share."""
    details = {
        (row["region"], row["details_id"]): row for row in rows_of(storage, commit, "details")
    }
    lists = {
        (row["region"], row["packages_id"]): row["list"]
        for row in rows_of(storage, commit, "packages")
        if row["list"]
    }
    return [
        {
            **row,
            **details[row["region"], row["details_id"]],
            "packages": lists.get((row["region"], row["packages_id"])),
        }
        for row in rows_of(storage, commit)
    ]


def arns(storage: Any, commit: Commit) -> list[str]:
    return [row["finding_arn"] for row in rows_of(storage, commit)]


def test_a_scan_of_the_fleet_is_complete_and_agrees_with_inspectors_own_counts(
    storage: Any, served: Callable[..., Any]
) -> None:
    with served() as simulator:
        commit = storage.scan(simulator)
        manifest = storage.manifest(commit)
    assert (commit.state, commit.reasons) == ("complete", ())
    for shard in manifest.shards:
        assert shard.aggregated
        assert {
            name: shard.aggregated[0][name] for name in ("all", "critical", "high", "medium")
        } == dict(shard.listed)
    assert len(set(arns(storage, commit))) == commit.totals["distinct"] == commit.totals["findings"]


def test_sparse_pages_give_the_same_snapshot_as_full_ones(
    storage: Any, served: Callable[..., Any]
) -> None:
    with served() as simulator:
        whole = storage.scan(simulator)
    with served(mode="sparse") as simulator:
        sparse = storage.scan(simulator)
    assert sparse.totals["empty_pages"] > 0
    assert arns(storage, whole) == arns(storage, sparse)
    assert storage.manifest(sparse).certificate.state == "complete"


@pytest.mark.parametrize(
    "kind",
    [
        "throttle",
        "internal",
        "gateway_timeout",
        "reset",
        "truncated",
        "html",
        "empty_object",
        "garbage",
    ],
)
def test_transient_errors_are_retried_with_the_same_token_without_loss(
    kind: str, storage: Any, served: Callable[..., Any], faultless: tuple[Any, Commit]
) -> None:
    faults = [
        Fault(kind, "ListFindings", call=3, times=2),
        Fault(kind, "ListCoverage"),
        Fault(kind, "BatchGetAccountStatus"),
    ]
    with served(faults=faults) as simulator:
        commit = storage.scan(simulator, regions=["eu-west-1"])
        bodies = [r.body for r in simulator.requests if r.operation == "ListFindings"]
    assert commit.state == "complete"
    assert arns(storage, commit) == arns(*faultless)
    assert commit.totals["retries"] == 4
    assert bodies[2] == bodies[3] == bodies[4]
    assert {
        json.dumps({k: v for k, v in body.items() if k != "nextToken"}, sort_keys=True)
        for body in bodies
    }.__len__() == 1


def test_a_region_that_fails_makes_the_snapshot_partial_and_keeps_the_others(
    storage: Any, served: Callable[..., Any]
) -> None:
    with served(faults=[Fault("denied", "ListFindings", region="us-east-1", times=9)]) as simulator:
        commit = storage.scan(simulator)
        manifest = storage.manifest(commit)
    assert commit.state == "partial"
    assert any("us-east-1: findings denied" in reason for reason in commit.reasons)
    states = {(cell.region, state) for cell, state in manifest.certificate.cells.items()}
    assert ("us-east-1", "denied") in states
    assert not any(region == "us-east-1" and state == "reached" for region, state in states)
    assert {row["region"] for row in rows_of(storage, commit)} == {"eu-west-1"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("throttle", "throttled"), ("internal", "unreachable"), ("loop", "unreachable")],
)
def test_errors_beyond_the_deadline_make_the_region_partial(
    kind: str, words: str, storage: Any, served: Callable[..., Any]
) -> None:
    with served(
        faults=[Fault(kind, "ListFindings", call=2, region="us-east-1", times=10_000)]
    ) as simulator:
        commit = storage.scan(simulator, deadline=1.0)
    assert commit.state == "partial"
    assert any(f"us-east-1: findings {words}" in reason for reason in commit.reasons)


@pytest.mark.parametrize(
    ("kind", "words"),
    [("denied", "denied"), ("expired", "credentials"), ("unrecognized", "credentials")],
)
def test_a_scan_that_reads_nothing_stores_nothing_and_says_why(
    kind: str, words: str, storage: Any, served: Callable[..., Any]
) -> None:
    operations = ("ListFindings", "BatchGetAccountStatus", "ListCoverage")
    with (
        served(faults=[Fault(kind, name, times=99) for name in operations]) as simulator,
        pytest.raises(Unreadable, match=words),
    ):
        storage.scan(simulator)
    assert storage.snapshots.latest() is None
    assert list(storage.snapshots.blobs.keys("")) == []


def test_inspector_disabled_everywhere_is_an_error_not_an_empty_snapshot(
    storage: Any, served: Callable[..., Any]
) -> None:
    with served() as simulator:
        original = listing._status

        def disabled(account: Any) -> AccountStatus:
            status = original(account)
            return AccountStatus(
                status.account_id, "DISABLED", dict.fromkeys(status.switches, "DISABLED")
            )

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(listing, "_status", disabled)
            patch.setattr(listing, "decode_findings", lambda _: FindingsPage([]))
            with pytest.raises(InspectorDisabled, match="aws inspector2 enable"):
                storage.scan(simulator)
    assert storage.snapshots.latest() is None


def test_a_finding_that_closes_during_the_scan_is_not_a_gap(
    storage: Any, served: Callable[..., Any]
) -> None:
    fleet = default_fleet(nights=1, now=NOW)
    with served(fleet) as simulator:
        first = rows_of(storage, storage.scan(simulator, regions=["eu-west-1"]))
    late = max(row["finding_arn"] for row in first if row["status"] == "ACTIVE")
    with served(
        fleet, changes=[Change("close", after=2, region="eu-west-1", arn=late)]
    ) as simulator:
        commit = storage.scan(simulator, regions=["eu-west-1"])
    assert commit.state == "complete", commit.reasons


def test_an_expected_account_that_is_not_visible_is_a_gap_unless_accepted(
    storage: Any, served: Callable[..., Any]
) -> None:
    expected = Expectation(accounts=("999988887777",), regions=("eu-west-1",))
    gap = AcceptedGap("999988887777", "*", "platform", "closing", "2999-01-01")
    with served() as simulator:
        missing = storage.scan(simulator, regions=["eu-west-1"], expectation=expected)
        accepted = Expectation(expected.accounts, expected.regions, (gap,))
        fine = storage.scan(simulator, regions=["eu-west-1"], expectation=accepted)
    assert missing.state == "partial"
    assert any("999988887777 was expected" in reason for reason in missing.reasons)
    assert (fine.state, fine.claim) == ("complete", "for all expected accounts")


def test_an_account_of_unknown_status_makes_the_snapshot_partial(
    storage: Any, served: Callable[..., Any], tmp_path: Path
) -> None:
    finding = next(
        one
        for one in default_fleet(nights=1, now=NOW).findings()
        if one["findingArn"].split(":")[3] == "eu-west-1"
    )
    (tmp_path / "one.jsonl").write_text(json.dumps(finding | {"awsAccountId": "999988887777"}))
    recorded = replay_fleet(tmp_path / "one.jsonl", now=NOW)
    assert "999988887777" in recorded.accounts
    with served(recorded) as simulator:
        assert (
            storage.scan(simulator, statuses=("ACTIVE", "SUPPRESSED", "CLOSED")).state == "complete"
        )
    unknown = replace(
        recorded, accounts=tuple(one for one in recorded.accounts if one != "999988887777")
    )
    with served(unknown) as simulator:
        commit = storage.scan(simulator, statuses=("ACTIVE", "SUPPRESSED", "CLOSED"))
    assert commit.state == "partial"
    assert any("999988887777" in reason for reason in commit.reasons)


def test_every_recorded_finding_comes_back_from_its_row_field_by_field(
    storage: Any, served: Callable[..., Any], real_findings: list[Path]
) -> None:
    recorded = [
        json.loads(line) for path in real_findings for line in path.read_text().splitlines()
    ]
    with served(replay_fleet(*real_findings, now=NOW)) as simulator:
        commit = storage.scan(simulator, statuses=("ACTIVE", "SUPPRESSED", "CLOSED"))
    back = {row["finding_arn"]: rebuild(row) for row in whole_rows_of(storage, commit)}
    assert back == {finding["findingArn"]: finding for finding in recorded}
    assert commit.state == "complete", commit.reasons


def test_default_statuses_leave_closed_findings_out(
    storage: Any, served: Callable[..., Any], real_findings: list[Path]
) -> None:
    with served(replay_fleet(*real_findings, now=NOW)) as simulator:
        commit = storage.scan(simulator)
    assert {row["status"] for row in rows_of(storage, commit)} <= {"ACTIVE", "SUPPRESSED"}


def test_rollups_equal_the_counts_of_rows_for_every_scope(
    storage: Any, served: Callable[..., Any]
) -> None:
    with served() as simulator:
        commit = storage.scan(simulator)
    active = [row for row in rows_of(storage, commit) if row["status"] == "ACTIVE"]
    assert rollups.read(storage.table, commit, Scope("organization")).counts.total == len(active)
    for kind, column in (
        ("account", "account_id"),
        ("region", "region"),
        ("type", "resource_type"),
        ("owner", "owner"),
    ):
        kept = {
            scope.value: rollup for scope, rollup in rollups.read_kind(storage.table, commit, kind)
        }
        for value in {row[column] or "" for row in active}:
            mine = [row for row in active if (row[column] or "") == value]
            assert kept[value].counts.high == sum(row["severity"] == "HIGH" for row in mine), (
                kind,
                value,
            )
            assert kept[value].fixable == sum(
                row["fix_available"] in ("YES", "PARTIAL") for row in mine
            )


def test_a_scan_that_died_before_its_rollups_is_repaired_by_the_next(
    storage: Any, served: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise StoreUnreadable("the table is gone")

    with served(default_fleet(nights=2, now=NOW)) as simulator:
        simulator.clock = simulator.fleet.nights[0]
        with monkeypatch.context() as patch:
            patch.setattr("sre_scanner.scan.roll_up", die)
            with pytest.raises(StoreUnreadable):
                storage.scan(simulator)
        (first,) = storage.snapshots.commits()
        assert not rollups.written(storage.table, first)
        simulator.clock = simulator.fleet.nights[1]
        second = storage.scan(simulator)
    assert rollups.written(storage.table, first)
    assert rollups.written(storage.table, second)
    assert roll_up(storage.snapshots, storage.table) == 0
    for commit in (first, second):
        active = [row for row in rows_of(storage, commit) if row["status"] == "ACTIVE"]
        assert rollups.read(storage.table, commit, Scope("organization")).counts.total == len(
            active
        )


def test_an_older_snapshot_can_still_be_queried(storage: Any, served: Callable[..., Any]) -> None:
    with served(default_fleet(nights=3, now=NOW)) as simulator:
        commits = []
        for night in simulator.fleet.nights:
            simulator.clock = night
            commits.append(storage.scan(simulator))
    for commit in commits:
        busy = [
            row
            for row in rows_of(storage, commit, "resources")
            if row["resource_id"] == BUSY_INSTANCE
        ]
        scope = Scope(
            "resource", f"{busy[0]['account_id']}|eu-west-1|AWS_EC2_INSTANCE|{BUSY_INSTANCE}"
        )
        assert rollups.read(storage.table, commit, scope).counts.critical == busy[0]["critical"]
    assert commits[-1].sequence == 3


def test_a_scan_that_is_stopped_leaves_nothing(storage: Any, served: Callable[..., Any]) -> None:
    stop = threading.Event()
    stop.set()
    with served() as simulator, pytest.raises(Interrupted):
        scan(
            Request(simulator.fleet.regions, rate=5000),
            storage.snapshots,
            storage.table,
            stop=stop,
            now=lambda: simulator.clock,
        )
    assert list(storage.snapshots.blobs.keys("")) == []


def test_of_two_concurrent_scans_one_commits_and_the_other_leaves_nothing(
    storage: Any, served: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sre_scanner import commit as module_of_commit

    real = module_of_commit.commit
    module = "sre_scanner.scan.commit"
    with served() as simulator:

        def overtaken(*arguments: Any) -> Commit:
            monkeypatch.setattr(module, real)
            storage.scan(simulator, regions=["us-east-1"])
            return real(*arguments)

        monkeypatch.setattr(module, overtaken)
        with pytest.raises(CommitLost):
            storage.scan(simulator, regions=["eu-west-1"])
    (only,) = storage.snapshots.commits()
    assert {row["region"] for row in rows_of(storage, only)} == {"us-east-1"}
    read = [parse(name) for name in storage.snapshots.blobs.keys("")]
    assert {key.snapshot_id for key in read if key and key.kind in ("record", "part")} == {
        only.snapshot_id
    }


def test_unknown_regions_and_mixed_partitions_are_rejected_without_a_request(
    storage: Any,
) -> None:
    with pytest.raises(UsageError, match="Did you mean eu-west-"):
        scan(Request(["eu-wset-1"]), storage.snapshots, storage.table)
    with pytest.raises(UsageError, match="one partition"):
        scan(Request(["eu-west-1", "cn-north-1"]), storage.snapshots, storage.table)
    with pytest.raises(UsageError, match="no region"):
        scan(Request([]), storage.snapshots, storage.table)


def test_missing_credentials_are_an_error_with_advice(
    storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsInvalid, match="aws configure sso"):
        scan(Request(["eu-west-1"]), storage.snapshots, storage.table)
    assert list(storage.snapshots.blobs.keys("")) == []
