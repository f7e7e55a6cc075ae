"""Queries that return lists: table, JSON and CSV agree, and missing history is reported."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sre_findings.queries import QUERIES
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.writer import SnapshotWriter

QUESTIONS: dict[str, tuple[str, ...]] = {
    "events": ("changes", "-n", "0"),
    "nights": ("trend",),
    "owners": ("sla",),
    "groups": ("time-to-fix",),
    "priorities": ("priorities", "-n", "30"),
    "findings": ("where", "openssl", "-n", "0"),
    "lines": ("fixes", "-n", "15"),
    "images": ("fixes", "--images", "-n", "0"),
}
Cli = Callable[..., Any]


def test_every_query_with_a_list_is_tested_here() -> None:
    elsewhere = {
        "suppressions",
        "operations",
        "findings",
        "export",
        "file",
        "snapshots",
        "images",
        "due-dates",
        "survival",
        "show",
        "fix-effects",
        "claims",
        "take",
        "why",
        "diff",
    }  # not commands, or with tests in a file of their own
    assert {command for command, *_ in QUESTIONS.values()} | elsewhere == set(QUERIES) - {
        "vulnerabilities",
        "summary",
        "coverage",
        "finding",
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_table_json_csv_and_ndjson_agree(cli: Cli, demo: Path, name: str) -> None:
    text = cli(*QUESTIONS[name])
    values = cli(*QUESTIONS[name], "--output", "json").json
    rows = list(csv.DictReader(io.StringIO(cli(*QUESTIONS[name], "--output", "csv").out)))
    lines = cli(*QUESTIONS[name], "--output", "ndjson").out.splitlines()
    items = values[name]
    assert text.code == 0
    assert items
    assert " ".join(text.out.split()).startswith(values["headline"])
    assert values["snapshot_id"] in text.out
    assert len(lines) == len(rows) == len(items)
    for row, item in zip(rows, items, strict=True):
        plain = {
            field: item[field]
            for field in row
            if isinstance(item[field], str | int | float) and not isinstance(item[field], bool)
        }
        assert {field: row[field].removeprefix("'") for field in plain} == {
            field: str(value) for field, value in plain.items()
        }


def test_changes_count_what_they_list(cli: Cli, demo: Path) -> None:
    values = cli("changes", "-n", "0", "--output", "json").json
    counted = Counter(event["kind"] for event in values["events"])
    assert {kind: count for kind, count in values["counts"].items() if count} == counted
    assert sum(values["resolved_by"].values()) == values["counts"]["resolved"]
    assert (
        sum(values["opened_by"].values())
        == values["counts"]["opened"] + values["counts"]["reopened"]
    )
    opened = cli("changes", "-n", "0", "--kind", "opened", "--output", "json").json
    assert opened["counts"] == values["counts"]
    assert {event["kind"] for event in opened["events"]} == {"opened"}


def test_the_answers_of_all_owners_add_up_to_the_whole(cli: Cli, demo: Path) -> None:
    whole = cli("sla", "--output", "json").json
    assert sum(one["late"] for one in whole["owners"]) == whole["late"] > 0
    own = cli("changes", "-n", "0", "--owner", "payments", "--output", "json").json
    assert {event["owner"] for event in own["events"]} <= {"payments"}
    assert 0 < own["total_events"] < cli("changes", "--output", "json").json["total_events"]
    fixes = cli("fixes", "-n", "0", "--owner", "payments", "--output", "json").json
    assert fixes["removable"] < cli("fixes", "--output", "json").json["removable"]


def test_the_trend_ends_with_the_counts_of_the_summary(cli: Cli, demo: Path) -> None:
    last = cli("trend", "--output", "json").json["nights"][-1]
    summary = cli("summary", "--output", "json").json
    assert {name: last[name] for name in summary["counts"]} == summary["counts"]
    assert last["kev"] == summary["kev"]
    changes = cli("changes", "--output", "json").json
    assert (last["came"], last["went"]) == (
        changes["counts"]["opened"] + changes["counts"]["reopened"],
        changes["counts"]["resolved"],
    )


def test_the_trend_of_an_owner_has_the_counts_of_that_owner(cli: Cli, demo: Path) -> None:
    last = cli("trend", "--of", "owner=payments", "--output", "json").json["nights"][-1]
    (group,) = [
        g
        for g in cli("summary", "--by", "owner", "--output", "json").json["groups"]
        if g["value"] == "payments"
    ]
    assert last["total"] == group["counts"]["total"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_without_a_snapshot_every_query_says_so_and_exits_3(cli: Cli, name: str) -> None:
    answer = cli(*QUESTIONS[name])
    assert answer.code == 3
    assert answer.out.startswith("There is no snapshot yet.")


def test_changes_need_two_snapshots(cli: Cli, inspector: Any) -> None:
    with inspector():
        assert cli("scan", "-r", "eu-west-1", "--rate", "1000").code == 0
    answer = cli("changes")
    assert answer.code == 0
    assert "is the only snapshot" in answer.out


@pytest.mark.parametrize(
    "question", ["sla", "changes", "priorities", "fixes", "summary", "coverage", "where"]
)
def test_a_mistyped_owner_is_an_error_and_not_an_empty_answer(
    cli: Cli, demo: Path, question: str
) -> None:
    answer = cli(question, *(["openssl"] if question == "where" else []), "--owner", "paymnets")
    assert answer.code == 2
    assert "owners are" in answer.err
    assert "payments" in answer.err


def test_the_summary_of_an_owner_is_the_row_of_that_owner(cli: Cli, demo: Path) -> None:
    lines = {
        one["value"]: one
        for one in cli("summary", "--by", "owner", "--output", "json").json["groups"]
    }
    own = cli(
        "summary", "--owner", "payments", "--by", "package", "-n", "3", "--output", "json"
    ).json
    assert own["counts"] == lines["payments"]["counts"]
    assert own["kev"] == lines["payments"]["kev"]
    assert own["not_scanned"] < cli("summary", "--output", "json").json["not_scanned"]
    coverage = cli("coverage", "--owner", "payments", "--output", "json").json
    assert coverage["not_scanned"] == own["not_scanned"]
    assert 0 < coverage["scanned"] < cli("coverage", "--output", "json").json["scanned"]


def test_days_without_a_snapshot_are_named(
    cli: Cli, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = cli("trend", "--output", "json").json
    assert table["missing_days"] == []
    from sre_findings.queries import trend

    days = [datetime(2026, 11, day).date() for day in (1, 2, 5)]  # noqa: DTZ001 - dates
    assert trend._missing(days) == ["2026-11-03", "2026-11-04"]


def test_as_of_selects_an_older_snapshot(cli: Cli, demo: Path) -> None:
    first, last = SnapshotWriter(FolderBlobs(demo)).commits()
    for name in ("nights", "owners", "priorities", "findings", "lines"):
        values = cli(*QUESTIONS[name], "--as-of", first.snapshot_id, "--output", "json").json
        assert values["snapshot_id"] == first.snapshot_id
    assert (
        cli("changes", "--since", first.snapshot_id, "--output", "json").json["since"][
            "snapshot_id"
        ]
        == first.snapshot_id
    )
    assert last.started_at - first.started_at >= timedelta(hours=1)
