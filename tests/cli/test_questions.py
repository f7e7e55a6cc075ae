"""Queries on the command line: verdict, numbers and exit code."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import session_hour
from tests.support.inspector_findings import INSTANCE, inspector_finding

from sre_simulator.fleet import (
    BUSY_INSTANCE,
    CLEAN_INSTANCE,
    FROZEN_INSTANCE,
    NETWORK_ONLY_INSTANCE,
    STOPPED_INSTANCE,
    SUPPRESSED_ONLY_INSTANCE,
    UNMANAGED_INSTANCE,
    default_fleet,
    replay_fleet,
)
from sre_simulator.inspector.server import Fault, Simulator

Cli = Callable[..., Any]
BUSY = {
    "critical": 24,
    "high": 466,
    "medium": 437,
    "low": 84,
    "informational": 0,
    "untriaged": 0,
    "total": 1011,
}


def test_counts_agree_in_table_json_csv_export_and_report(
    cli: Cli, demo: Path, tmp_path: Path
) -> None:
    answer = cli(
        "vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "-n", "0", "--output", "json"
    ).json
    assert answer["counts"] == BUSY
    assert answer["total_findings"] == len(answer["findings"]) == 1011
    table = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--cached").out
    assert "1,011 open findings: 24 critical, 466 high, 437 medium, 84 low" in table
    listed = list(
        csv.DictReader(
            io.StringIO(
                cli("vulnerabilities", "-i", BUSY_INSTANCE, "-n", "0", "--output", "csv").out
            )
        )
    )
    assert len(listed) == 1011
    cli("export", "-i", BUSY_INSTANCE, "-f", str(tmp_path / "busy.csv"))
    exported = list(csv.DictReader(io.StringIO((tmp_path / "busy.csv").read_text(), newline="")))
    severities = [row["Severity"].lower() for row in exported]
    assert {name: severities.count(name) for name in BUSY if name != "total"} | {
        "total": len(severities)
    } == BUSY
    lines = cli(
        "vulnerabilities", "-i", BUSY_INSTANCE, "-n", "0", "--output", "ndjson"
    ).out.splitlines()
    assert sum(json.loads(line)["severity"] == "CRITICAL" for line in lines) == 24
    summary = cli("summary", "--by", "resource", "--output", "json").json
    (group,) = [g for g in summary["groups"] if g["value"] == BUSY_INSTANCE]
    assert group["counts"] == BUSY
    cli("report", "-f", str(tmp_path / "report"))
    page = (tmp_path / "report" / "index.html").read_text()
    row = re.search(rf"<tr[^>]*>(?:(?!</tr>).)*{BUSY_INSTANCE}.*?</tr>", page, re.DOTALL)
    assert row
    assert 'aria-label="24 critical, 466 high, 437 medium, 84 low"' in row[0]
    numbers = {
        name: int(n.replace(",", ""))
        for name, n in re.findall(r'data-name="(\w+)">([\d,]+)</td>', row[0])
    }
    assert [numbers[name] for name in ("C", "H", "All")] == [24, 466, 1011]


@pytest.mark.parametrize(
    ("resource", "code", "verdict", "reason"),
    [
        (BUSY_INSTANCE, 0, "vulnerable", "findings"),
        (CLEAN_INSTANCE, 0, "clean", "no_findings"),
        (SUPPRESSED_ONLY_INSTANCE, 0, "vulnerable", "suppressed_only"),
        (UNMANAGED_INSTANCE, 6, "unknown", "not_scanned"),
        (FROZEN_INSTANCE, 6, "vulnerable", "findings_frozen"),
        (STOPPED_INSTANCE, 6, "vulnerable", "findings_of_stopped_instance"),
        ("i-0123456789abcdef0", 5, "unknown", "no_such_resource"),
    ],
)
def test_each_kind_of_resource_has_its_verdict_and_exit_code(
    cli: Cli, demo: Path, resource: str, code: int, verdict: str, reason: str
) -> None:
    run = cli("vulnerabilities", "-i", resource, "--cached", "--output", "json")
    assert (run.code, run.json["verdict"], run.json["reason"]) == (code, verdict, reason)
    assert run.json["certificate"]["state"] == "complete"
    assert cli("vulnerabilities", "-i", resource, "--cached").code == code


def test_a_working_network_scan_does_not_hide_a_failing_package_scan(cli: Cli, demo: Path) -> None:
    run = cli("vulnerabilities", "-i", NETWORK_ONLY_INSTANCE, "--cached", "--output", "json")
    states = {row["scan_type"]: row["status"] for row in run.json["coverage"]}
    assert states["NETWORK"] == "ACTIVE"
    assert states["PACKAGE"] == "INACTIVE"
    assert run.json["verdict"] != "clean"
    assert run.code == 6


def test_a_name_works_like_an_id_and_an_ambiguous_one_is_an_error(cli: Cli, demo: Path) -> None:
    assert (
        cli("vulnerabilities", "-i", "prod-web-36", "--cached", "--output", "json").json[
            "resource_id"
        ]
        == BUSY_INSTANCE
    )
    names = [
        g["name"]
        for g in cli("summary", "--by", "resource", "-n", "0", "--output", "json").json["groups"]
    ]
    shared = next(name for name in names if name and names.count(name) > 1)
    run = cli("vulnerabilities", "-i", shared, "--cached")
    assert run.code == 7
    assert f"{names.count(shared)} resources are named" in run.err
    assert "i-10d31d4287c08996f (111122223333 us-east-1), i-" in run.err
    assert run.out == ""


def test_a_gate_fails_on_its_severity_and_never_passes_on_missing_data(
    cli: Cli, demo: Path
) -> None:
    def gate(resource: str, severity: str, *more: str) -> int:
        code: int = cli(
            "vulnerabilities", "-i", resource, "--cached", "--fail-on", severity, *more
        ).code
        return code

    assert gate(BUSY_INSTANCE, "critical") == 1
    assert (
        "24 findings at or above critical"
        in cli("vulnerabilities", "-i", BUSY_INSTANCE, "--fail-on", "critical").err
    )
    assert gate(CLEAN_INSTANCE, "low") == 0
    assert gate(SUPPRESSED_ONLY_INSTANCE, "low") == 0
    assert gate(UNMANAGED_INSTANCE, "low") == 6
    assert gate("i-0123456789abcdef0", "low") == 5
    assert gate(BUSY_INSTANCE, "critical", "--max-age", "0s") == 1
    assert gate(CLEAN_INSTANCE, "critical", "--max-age", "0s") == 3


def test_untriaged_findings_fail_a_gate_unless_they_are_ignored(
    cli: Cli, inspector: Any, tmp_path: Path
) -> None:
    finding = inspector_finding(severity="UNTRIAGED")
    (tmp_path / "one.jsonl").write_text(json.dumps(finding) + "\n")
    store = ("--store", str(tmp_path / "store"))
    with inspector(replay_fleet(tmp_path / "one.jsonl", now=session_hour())):
        assert cli("scan", "--region", "eu-west-1", *store).code == 0
    asked = ("vulnerabilities", "-i", INSTANCE["id"], "--cached", "--fail-on", "critical", *store)
    assert cli(*asked).code == 1
    assert cli(*asked, "--untriaged", "ignore").code == 0


def test_pages_continue_and_a_cursor_is_valid_for_its_snapshot_only(cli: Cli, demo: Path) -> None:
    first = cli(
        "vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "-n", "600", "--output", "json"
    ).json
    second = cli(
        "vulnerabilities",
        "-i",
        BUSY_INSTANCE,
        "--cached",
        "-n",
        "600",
        "--cursor",
        first["next_cursor"],
        "--output",
        "json",
    ).json
    assert second["next_cursor"] is None
    seen = [f["finding_arn"] for f in first["findings"] + second["findings"]]
    assert len(seen) == len(set(seen)) == 1011
    run = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "--cursor", "20200101T000000Z.25")
    assert (run.code, "another snapshot" in run.err) == (2, True)


def test_filters_narrow_the_list_but_not_the_counts(cli: Cli, demo: Path) -> None:
    answer = cli(
        "vulnerabilities",
        "-i",
        BUSY_INSTANCE,
        "--cached",
        "-s",
        "critical",
        "-n",
        "0",
        "--output",
        "json",
    ).json
    assert answer["counts"] == BUSY
    assert answer["total_findings"] == 24
    assert {f["severity"] for f in answer["findings"]} == {"CRITICAL"}
    everything = cli(
        "vulnerabilities",
        "-i",
        BUSY_INSTANCE,
        "--cached",
        "--suppressed",
        "-n",
        "0",
        "--output",
        "json",
    ).json
    assert everything["total_findings"] == 1011 + everything["suppressed"]


@pytest.mark.parametrize("by", ["account", "region", "owner", "type"])
def test_groups_add_up_to_the_total(cli: Cli, demo: Path, by: str) -> None:
    answer = cli("summary", "--by", by, "-n", "0", "--output", "json").json
    for name, count in answer["counts"].items():
        assert sum(group["counts"][name] for group in answer["groups"]) == count


@pytest.mark.parametrize("by", ["package", "vulnerability"])
def test_groups_by_package_and_vulnerability_are_ordered_by_severity(
    cli: Cli, demo: Path, by: str
) -> None:
    answer = cli("summary", "--by", by, "-n", "5", "--output", "json").json
    assert len(answer["groups"]) == 5
    critical = [group["counts"]["critical"] for group in answer["groups"]]
    assert critical == sorted(critical, reverse=True)
    assert critical[0] > 0


def test_a_summary_from_parquet_equals_one_from_rollups(
    cli: Cli, demo: Path, tmp_path: Path
) -> None:
    for by in ("account", "region", "owner", "type", "resource"):
        kept = cli("summary", "--by", by, "-n", "0", "--output", "json").json
        counted = cli(
            "summary",
            "--by",
            by,
            "-n",
            "0",
            "--output",
            "json",
            "--table",
            f"sqlite:///{tmp_path}/none.db",
        ).json
        assert counted["notes"] == [
            "The table lacks the counts of this snapshot; they are counted from its files."
        ]
        for one in (kept, counted):
            del one["age_seconds"], one["notes"]
        assert kept == counted


def test_coverage_shows_each_gap_with_its_reason_and_remedy(cli: Cli, demo: Path) -> None:
    answer = cli("coverage", "--output", "json").json
    gaps = {gap["resource_id"]: gap for gap in answer["gaps"]}
    assert gaps[UNMANAGED_INSTANCE]["reason"] == "UNMANAGED_EC2_INSTANCE"
    assert "SSM" in gaps[UNMANAGED_INSTANCE]["remedy"]
    assert UNMANAGED_INSTANCE in cli("coverage").out
    assert len(list(csv.DictReader(io.StringIO(cli("coverage", "--output", "csv").out)))) == len(
        answer["gaps"]
    )


def test_an_older_snapshot_can_be_queried(cli: Cli, demo: Path) -> None:
    ids = [row["snapshot_id"] for row in cli("snapshots", "list", "--output", "json").json]
    answer = cli(
        "vulnerabilities", "-i", BUSY_INSTANCE, "--as-of", ids[-1], "--output", "json"
    ).json
    assert answer["snapshot_id"] == ids[-1]
    assert cli("summary", "--as-of", "yesterday", "--output", "json").json["snapshot_id"] == ids[-1]
    run = cli("summary", "--as-of", "1999-01-01")
    assert (run.code, "there is no snapshot from 1999-01-01" in run.err) == (2, True)
    assert cli("summary", "--as-of", "someday").code == 2


def test_a_live_answer_has_the_counts_of_the_snapshot(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(default_fleet(nights=2, now=session_hour())) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        for resource, code in (
            (BUSY_INSTANCE, 0),
            (CLEAN_INSTANCE, 0),
            (UNMANAGED_INSTANCE, 6),
            ("i-0123456789abcdef0", 5),
        ):
            run = cli(
                "vulnerabilities",
                "-i",
                resource,
                "--live",
                "--region",
                "eu-west-1",
                "-n",
                "0",
                "--output",
                "json",
            )
            cached = cli(
                "vulnerabilities", "-i", resource, "--cached", "-n", "0", "--output", "json"
            )
            assert run.code == cached.code == code
            assert run.json["source"] == "live"
            for name in (
                "verdict",
                "reason",
                "counts",
                "suppressed",
                "fixable",
                "exploitable",
                "total_findings",
            ):
                assert run.json[name] == cached.json[name], name
            for live, kept in zip(run.json["findings"], cached.json["findings"], strict=True):
                # the two fleets differ by a minute
                moves = dict.fromkeys(
                    ("first_observed_at", "last_observed_at", "due", "days_left", "overdue")
                )
                assert live | moves == kept | moves


def test_inspector_is_queried_if_the_snapshot_cannot_answer(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(default_fleet(nights=2, now=session_hour())) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        fresh = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--max-age", "0s", "--output", "json")
        assert (fresh.code, fresh.json["source"]) == (0, "live")
        simulator.faults.append(Fault("denied", "ListFindings", call=2, times=99))
        stale = cli("vulnerabilities", "-i", BUSY_INSTANCE, "--max-age", "0s", "--output", "json")
    assert (stale.code, stale.json["source"], stale.json["too_old"]) == (3, "snapshot", True)
    assert (stale.json["stale"], stale.json["live_error"]) == (True, "access_denied")
    assert stale.json["notes"][0].startswith("Inspector could not be queried (AWS denied it")


def test_without_aws_settings_an_unknown_resource_uses_the_snapshot(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name)
    for resource in ("i-0123456789abcdef0", "no-such-name"):
        run = cli("vulnerabilities", "-i", resource, "--output", "json")
        assert (run.code, run.json["reason"]) == (5, "no_such_resource")
        assert run.json["notes"][0].startswith("Inspector could not be queried (")


def test_a_failed_live_query_uses_the_snapshot_and_is_marked_stale(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    about = ("vulnerabilities", "--live", "--region", "eu-west-1", "-i")
    with Simulator(default_fleet(nights=1, now=session_hour())) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        simulator.faults.append(Fault("denied", times=99))
        for resource in (BUSY_INSTANCE, CLEAN_INSTANCE):
            run = cli(*about, resource, "--output", "json")
            assert (run.code, run.json["source"], run.json["stale"]) == (3, "snapshot", True)
            assert "assumed-role" in run.json["notes"][0], "an operator sees the error of AWS"
        assert cli(*about, BUSY_INSTANCE, "--fail-on", "critical").code == 1
        assert cli(*about, BUSY_INSTANCE).out.startswith(
            "Note: Inspector could not be queried (AWS denied it"
        )
        unknown = cli(*about, "i-0123456789abcdef0", "--output", "json")
        assert (unknown.code, unknown.json["verdict"], unknown.json["reason"]) == (
            3,
            "unknown",
            "access_denied",
        )
        nothing = cli(*about, BUSY_INSTANCE, "--store", str(tmp_path), "--output", "json")
    assert (nothing.code, nothing.out) == (4, "")
    assert "Inspector could not be queried (AWS denied it" in nothing.err
    assert "there is no snapshot yet" in nothing.err


def test_a_live_query_of_an_unsupported_resource_is_a_usage_error(cli: Cli, tmp_path: Path) -> None:
    run = cli("vulnerabilities", "-i", "prod-web-36", "--live", "--store", str(tmp_path))
    assert (run.code, "name" in run.err) == (2, True)
    run = cli(
        "vulnerabilities",
        "-i",
        "i-0123456789abcdef0",
        "--live",
        "--region",
        "eu-west-11",
        "--store",
        str(tmp_path),
    )
    assert (run.code, "not an AWS region" in run.err) == (2, True)


def test_an_export_of_an_unknown_resource_is_an_error(cli: Cli, demo: Path) -> None:
    run = cli("export", "-i", "nobody")
    assert (run.code, run.out) == (2, "")
    assert "the snapshot has no resource 'nobody'" in run.err


@pytest.mark.parametrize(
    "command",
    [
        ("summary",),
        ("summary", "--json"),
        ("vulnerabilities", "i-0123456789abcdef0", "--cached"),
        ("priorities",),
        ("coverage",),
        ("snapshots", "list"),
        ("snapshots", "show"),
        ("export",),
        ("sql", "select 1"),
    ],
)
def test_without_a_snapshot_the_address_of_the_store_is_shown(
    cli: Cli, tmp_path: Path, command: tuple[str, ...]
) -> None:
    run = cli(*command, "--store", str(tmp_path))
    assert str(tmp_path) in run.err
    assert "there is no snapshot" in run.err
