"""The commands of "Backup and restore" work as documented, on S3 and DynamoDB by moto."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.clock import NOW
from tests.support.dynamodb import create_table
from tests.support.simulated_inspector import scan_nights, simulated_inspector

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import Row, SqliteTable, Table
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_table
from sre_scanner.commit import roll_up
from sre_simulator.fleet import BUSY_INSTANCE, default_fleet

ROOT = Path(__file__).resolve().parents[2]
BUCKET, PREFIX = "sre-findings", "inspector/"
COUNTED = (
    "snapshot",
    "rollup#organization",
    "rollup#account",
    "rollup#owner",
    "rollup#resource",
    "ages#organization",
)
SETTINGS = {"SRE_STORE": "s3://sre-findings/inspector", "SRE_TABLE": "dynamodb://sre"}
SLOT = Row("slot#digest", "20261130T070000Z#1", {"state": "done"})


def commands(heading: str) -> list[str]:
    """The code blocks of a section, in order."""
    page = (ROOT / "docs" / "operations.md").read_text()
    section = page.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)


def run(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a block with sh and the commands of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["sh", "-e", "-c", script]
    return subprocess.run(
        words,
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass(frozen=True)
class Nights:
    """Two snapshots in a folder, and the rows of their table."""

    folder: Path
    rows: list[Row]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    folder = tmp_path_factory.mktemp("nights")
    snapshots, table = (
        SnapshotWriter(FolderBlobs(folder)),
        SqliteTable(tmp_path_factory.mktemp("table") / "table.db"),
    )
    with simulated_inspector(default_fleet(nights=2, now=NOW)) as simulator:
        scan_nights(simulator, snapshots, table, regions=["us-east-1"], required=())
    return Nights(folder, counted(table))


def counted(table: Table) -> list[Row]:
    """The table's rows about snapshots."""
    return [row for partition in COUNTED for row in table.query(partition)]


@pytest.fixture
def bucket(aws: str, nights: Nights) -> Any:
    """A versioned bucket with both snapshots."""
    bucket = boto3.resource("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    bucket.Versioning().enable()
    for path in nights.folder.rglob("*"):
        if path.is_file():
            bucket.put_object(
                Key=f"{PREFIX}{path.relative_to(nights.folder)}", Body=path.read_bytes()
            )
    return bucket


def test_a_lost_table_is_rebuilt_from_the_bucket_row_by_row(bucket: Any, nights: Nights) -> None:
    create_table("sre")
    done = run(commands("The table is lost")[0])
    assert done.returncode == 0, done.stderr
    assert "of 2 snapshots written to dynamodb://sre" in done.stdout
    assert counted(open_table("dynamodb://sre")) == nights.rows


def test_a_rebuild_that_was_killed_is_finished_by_the_next(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots, table = (
        SnapshotWriter(FolderBlobs(nights.folder)),
        SqliteTable(tmp_path / "table.db"),
    )
    put, calls = table.put, 0

    def die(rows: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise StoreUnreadable("killed")
        put(rows)

    with monkeypatch.context() as patch:
        patch.setattr(table, "put", die)
        with pytest.raises(StoreUnreadable):
            roll_up(snapshots, table)
    assert counted(table) != nights.rows
    roll_up(snapshots, table)
    assert counted(table) == nights.rows


def test_rebuilding_all_mends_rows_that_are_in_doubt(nights: Nights, tmp_path: Path) -> None:
    table = SqliteTable(tmp_path / "table.db")
    table.put(Row(row.partition, row.sort, {**row.values, "critical": 0}) for row in nights.rows)
    assert roll_up(SnapshotWriter(FolderBlobs(nights.folder)), table) == 0
    assert counted(table) != nights.rows
    done = run(
        f"sre-cli snapshots rebuild --all --store {nights.folder} --table"
        f" sqlite:///{tmp_path / 'table.db'}",
    )
    assert done.returncode == 0, done.stderr
    assert counted(SqliteTable(tmp_path / "table.db")) == nights.rows


def test_a_table_restored_to_a_point_in_time_has_what_no_bucket_has(
    bucket: Any, nights: Nights
) -> None:
    create_table("sre")
    recovery: Any = {"PointInTimeRecoveryEnabled": True}
    boto3.client("dynamodb").update_continuous_backups(
        TableName="sre", PointInTimeRecoverySpecification=recovery
    )
    first = [row for row in nights.rows if row.sort.endswith("000000000001")]
    # the second snapshot is newer than the backup
    open_table("dynamodb://sre").put([*first, SLOT])
    done = run(commands("The table is lost")[1])
    assert done.returncode == 0, done.stderr
    restored = open_table("dynamodb://sre-restored")
    assert list(restored.query(SLOT.partition)) == [SLOT]
    assert counted(restored) == nights.rows


def test_a_copy_of_the_bucket_answers_the_same(bucket: Any, nights: Nights) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="sre-elsewhere")
    create_table("sre-elsewhere")
    done = run(commands("A copy of the bucket")[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted(open_table("dynamodb://sre-elsewhere")) == nights.rows
    ask = f"sre-cli vulnerabilities -i {BUSY_INSTANCE} --cached --max-age 9999d --output json"
    ours = run(ask, SRE_STORE=str(nights.folder), SRE_TABLE="sqlite:////nowhere/table.db")
    theirs = run(
        ask, SRE_STORE="s3://sre-elsewhere/inspector", SRE_TABLE="dynamodb://sre-elsewhere"
    )
    answers = [
        {k: v for k, v in json.loads(one.stdout).items() if k != "age_seconds"}
        for one in (ours, theirs)
    ]
    assert answers[0] == answers[1]


def test_what_was_deleted_is_brought_back(bucket: Any) -> None:
    keys = [one.key for one in bucket.objects.all()]
    commit = min(key for key in keys if key.startswith(f"{PREFIX}commits/"))
    part = max(key for key in keys if "/events/" in key)  # of the other snapshot
    for key in (commit, part):
        bucket.Object(key).delete()
    broken = run("sre-cli snapshots verify --all", **SETTINGS)
    assert (broken.returncode, broken.stdout.count("1 damaged")) == (4, 1)
    assert broken.stdout.splitlines()[1:] == ["chain of snapshots: 1 break"]
    assert "number 1 is missing" in broken.stderr, "the other snapshot is not there at all"
    done = run(commands("Something was deleted from the bucket")[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(", none damaged, the counts add up", done.stdout)) == 2


def test_what_was_overwritten_is_put_right(bucket: Any) -> None:
    part = next(one.key for one in bucket.objects.all() if "/events/" in one.key)
    bucket.put_object(Key=part, Body=b"other bytes")
    damaged = run("sre-cli snapshots verify --all", **SETTINGS)
    assert (damaged.returncode, damaged.stdout.count("1 damaged")) == (4, 1)
    done = run(commands("Something was deleted from the bucket")[1], KEY=part)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("none damaged") == 2
