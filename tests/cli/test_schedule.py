"""``sre-cli schedule`` and ``sre-cli snapshots prune``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRE_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.fixture
def two_nights(demo_store: Path, home: Path) -> Path:
    shutil.copytree(demo_store, home / "store")
    return home / "store"


def test_the_list_has_times_commands_and_eventbridge_expressions(cli: Cli, home: Path) -> None:
    rows = {row["name"]: row for row in cli("schedule", "list", "--output", "json").json}
    assert rows["scan"]["eventbridge"] == "cron(0 1 * * ? *)"
    assert rows["weekly"]["eventbridge"] == "cron(30 6 ? * MON *)"
    assert rows["digest"]["after"] == "scan"
    assert {row["outcome"] for row in rows.values()} == {""}
    assert "sre-cli snapshots prune --yes" in cli("schedule", "list").out


def test_the_next_runs_of_all_schedules_are_ordered_by_time(cli: Cli, home: Path) -> None:
    rows = cli("schedule", "next", "-n", "12", "--output", "json").json
    assert len(rows) == 12
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {"scan", "report", "digest"} <= {row["name"] for row in rows}
    assert cli("schedule", "next", "-n", "2", "--output", "csv").out.count("\n") == 3
    assert cli("schedule", "next", "-n", "2", "--output", "ndjson").out.count("\n") == 2


def test_a_wrong_file_and_an_unknown_schedule_are_usage_errors(cli: Cli, home: Path) -> None:
    (home / "wrong.yaml").write_text(
        "schedules:\n  - {name: scan, cron: '0 25 * * *', run: scan}\n"
    )
    done = cli("schedule", "list", "--file", str(home / "wrong.yaml"))
    assert done.code == 2
    assert "wrong.yaml, line 2" in done.err
    done = cli("schedule", "job", "scam")
    assert done.code == 2
    assert "Schedules: scan, report" in done.err


def test_a_job_runs_once_for_its_slot_and_logs_the_outcome(cli: Cli, two_nights: Path) -> None:
    file = two_nights.parent / "one.yaml"
    file.write_text(
        "schedules:\n  - {name: tidy, cron: '0 0 * * *', run: snapshots prune, grace: 24h}\n"
    )
    first = cli("schedule", "job", "tidy", "--file", str(file))
    assert first.code == 0, first.err
    assert [line.split('"event": ')[1].split('"')[1] for line in first.out.splitlines()] == [
        "started",
        "done",
    ]
    again = cli("schedule", "job", "tidy", "--file", str(file))
    assert (again.code, again.out) == (0, "")
    assert (
        cli("schedule", "list", "--file", str(file), "--output", "json")
        .json[0]["outcome"]
        .startswith("done")
    )


def test_a_job_that_fails_for_good_exits_4(cli: Cli, home: Path) -> None:
    file = home / "one.yaml"
    file.write_text(
        "schedules:\n  - {name: night, cron: '0 0 * * *', run: report, grace: 24h, attempts: 2,"
        " pause: 0s}\n"
    )
    done = cli("schedule", "job", "night", "--file", str(file))
    assert done.code == 4
    assert done.out.count('"event": "failed"') == 2
    assert "there is no snapshot yet" in done.out


def test_pruning_removes_only_with_yes(cli: Cli, two_nights: Path) -> None:
    keep = (
        "snapshots",
        "prune",
        "--keep-nightly",
        "1",
        "--keep-weekly",
        "0",
        "--keep-monthly",
        "0",
    )
    shown = cli(*keep)
    assert "1 snapshot would be pruned; use --yes to do it." in shown.err
    newest, oldest = (
        row["snapshot_id"] for row in cli("snapshots", "list", "--output", "json").json
    )
    fates = {row["snapshot"]: row["fate"] for row in cli(*keep, "--output", "json").json}
    assert fates == {newest: "kept", oldest: "pruned"}
    assert cli("snapshots", "hold", oldest, "--owner", "legal", "--reason", "case 7").code == 0
    assert "0 snapshots would be pruned" in cli(*keep).err
    assert cli("snapshots", "release", oldest).code == 0
    assert "1 snapshot pruned" in cli(*keep, "--yes").err
    assert [row["snapshot_id"] for row in cli("snapshots", "list", "--output", "json").json] == [
        newest
    ]
    assert oldest in cli("snapshots", "list", "--pruned").out
    for command in (("summary",), ("vulnerabilities", "-i", "prod-web-36"), ("snapshots", "show")):
        asked = cli(*command, *([] if command[0] == "snapshots" else ["--as-of"]), oldest)
        assert asked.code == 2
        assert "pruned" in asked.err
    assert cli("summary").code == 0


def test_reports_and_trend_say_that_a_snapshot_was_pruned(cli: Cli, two_nights: Path) -> None:
    newest, oldest = (
        row["snapshot_id"] for row in cli("snapshots", "list", "--output", "json").json
    )
    for view in ((), ("--owner", "payments")):
        assert cli("report", "--as-of", oldest, "--again", *view).code == 0
    keep = (
        "snapshots",
        "prune",
        "--keep-nightly",
        "1",
        "--keep-weekly",
        "0",
        "--keep-monthly",
        "0",
        "--yes",
    )
    assert "2 published reports marked as pruned." in cli(*keep).err
    whole, kept = (
        two_nights / "reports" / f"{day[:4]}-{day[4:6]}-{day[6:8]}" for day in (oldest, newest)
    )
    for folder in (whole, whole / "owner" / "payments"):
        page = (folder / "index.html").read_text()
        assert page.count('id="pruned"') == 1
        assert page.index("</header>") < page.index('id="pruned"') < page.index("<main>")
        assert json.loads((folder / "summary.json").read_text())["pruned_at"]
    assert "pruned" not in (kept / "index.html").read_text()
    assert (two_nights / "reports" / "index.html").read_text().count("snapshot pruned on") == 1
    trend = cli("trend", "--output", "json").json
    assert [night["pruned"] for night in trend["nights"]] == [True, False]
    assert any(note.startswith(f"Pruned: {trend['nights'][0]['date']}.") for note in trend["notes"])
    (whole / "summary.json").write_text(
        (whole / "summary.json").read_text().replace("pruned_at", "other")
    )
    assert "1 published report marked" in cli(*keep).err, "an interrupted run is completed"
    assert (whole / "index.html").read_text().count('id="pruned"') == 1
    assert "published" not in cli(*keep).err


def test_a_report_without_a_new_snapshot_publishes_nothing(cli: Cli, two_nights: Path) -> None:
    shutil.rmtree(two_nights / "reports")
    done = cli("report", "--since", "2999-01-01")
    assert done.code == 3
    assert "no snapshot since 2999-01-01" in done.err
    assert not (two_nights / "reports").exists()
    assert cli("report", "--since", "2020-01-01").code == 0
    assert (two_nights / "reports" / "index.html").exists()
    pages = {
        path: path.stat().st_mtime_ns for path in (two_nights / "reports").glob("*/index.html")
    }
    assert pages
    assert cli("report", "--since", "2020-01-01").code == 0
    assert {path: path.stat().st_mtime_ns for path in pages} == pages


def test_a_report_after_a_scan_replaces_that_of_an_earlier_snapshot(
    cli: Cli, two_nights: Path
) -> None:
    page = max((two_nights / "reports").glob("*/summary.json"))  # the demo publishes each day
    wrong = page.read_text().replace('"snapshot_id": "2', '"snapshot_id": "1')
    assert wrong != page.read_text()
    page.write_text(wrong)
    assert cli("report", "--since", "2020-01-01").code == 0
    assert page.read_text() != wrong


def test_a_digest_without_a_new_snapshot_says_so(cli: Cli, two_nights: Path) -> None:
    (digest,) = cli("digest", "--dry-run", "--since", "2999-01-01").json["digests"]
    assert digest["kind"] == "silence"
    (digest,) = cli("digest", "--dry-run", "--since", "2020-01-01").json["digests"]
    assert digest["kind"] == "night"


def test_a_weekly_digest_is_a_message_apart_from_the_nightly_one(
    cli: Cli, two_nights: Path
) -> None:
    (nightly,) = cli("digest", "--dry-run").json["digests"]
    (weekly,) = cli("digest", "--dry-run", "--weekly").json["digests"]
    assert weekly["key"] == f"weekly-{nightly['key']}"
    assert "week to" in weekly["message"]["text"]
    assert "week to" not in nightly["message"]["text"]


@pytest.mark.parametrize("text", ["soon", "2026-13-01", ""])
def test_an_invalid_time_is_refused(cli: Cli, home: Path, text: str) -> None:
    done = cli("report", "--since", text)
    assert done.code == 2
    assert "is not a date and time" in done.err
