"""The queries of docs/schema.md for other readers, run unchanged on a store with stray files."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from sre_findings.engine.duckdb import DuckDB
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.schema.fields import fields
from sre_findings.store.snapshots.layout_migration import convert, old_commits, tidy
from sre_findings.store.snapshots.pruning import GRACE
from sre_findings.store.snapshots.writer import SnapshotWriter

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "schema.md").read_text()
NEWEST, STRAY = "20261123T010000Z", "20261124T010000Z"
FINDINGS = [("HIGH", 79), ("MEDIUM", 33), ("CRITICAL", 26), ("LOW", 6)]
"""The open findings of the newest committed snapshot, by severity."""


def block(kind: str) -> str:
    """The query in the documentation for a reader."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two committed snapshots, and the files of a third that was never committed."""
    folder = tmp_path_factory.mktemp("readers") / "store"
    shutil.copytree(ROOT / "tests" / "upgrades" / "schema-2", folder)
    snapshots = SnapshotWriter(FolderBlobs(folder))
    for commit in old_commits(snapshots):
        convert(snapshots, commit, commit.ended_at)
        list(tidy(snapshots, commit.ended_at + GRACE))
    for table in (folder / "tables").iterdir():
        if (table / f"snapshot_id={NEWEST}").is_dir():
            shutil.copytree(table / f"snapshot_id={NEWEST}", table / f"snapshot_id={STRAY}")
    return folder


def test_duckdb_reads_the_newest_committed_night_and_no_stray(store: Path) -> None:
    with duckdb.connect() as connection:
        assert (
            connection.execute(block("sql duckdb").replace("{store}", str(store))).fetchall()
            == FINDINGS
        )
        every = (
            f"select distinct snapshot_id from read_parquet('{store}/tables/findings/*/*.parquet',"
            " hive_partitioning = true)"
        )
        assert len(connection.execute(every).fetchall()) == 3, (
            "without the commits the stray would count"
        )


def no_spark() -> str:
    """The reason why Spark cannot run here; empty if it can."""
    return (
        ""
        if find_spec("pyspark") and shutil.which("java")
        else "Spark needs pyspark and Java: make spark"
    )


_SPARK = """
import json, sys
from pathlib import Path
from sre_findings.engine.spark import Spark, context_of
from sre_findings.engine.duckdb import DuckDB
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.writer import SnapshotWriter
asked = json.load(sys.stdin)
session = context_of("local[1]")
*views, query = asked["text"].split(";")
for view in views:
    session.sql(view)
told = [list(row) for row in session.sql(query).collect()]
older = SnapshotWriter(FolderBlobs(Path(asked["older"])))
engine = Spark(older, older.commits(), Copies(Path("unused")), "local[1]")
print(json.dumps({"docs": told, "older": [engine.rows(name, **values) for name, values in asked["queries"]]}))
"""
OLDER = ROOT / "tests" / "upgrades" / "schema-1"
QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("resources_by_name", {"name": "i-ed9f960284e86454d"}),
    ("ambiguous_ids", {"ids": ["i-ed9f960284e86454d"]}),
    (
        "findings_reachability",
        {"fixable": False, "exploitable": False, "reachable": False}
        | dict.fromkeys(
            ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners")
        ),
    ),
]


@pytest.fixture(scope="module")
def spark(store: Path) -> dict[str, Any]:
    """The results of one Spark session.

    It runs the query of the page, and some queries of the catalogue on a store of the first
    version.
    """
    if why := no_spark():
        pytest.skip(why)
    asked = {
        "text": block("sql spark").replace("{store}", str(store)),
        "older": str(OLDER),
        "queries": QUERIES,
    }
    said = subprocess.run(
        [sys.executable, "-c", _SPARK],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    answer: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return answer


def test_spark_reads_the_newest_committed_night_and_no_stray(spark: dict[str, Any]) -> None:
    assert [tuple(row) for row in spark["docs"]] == FINDINGS


def test_spark_reads_a_store_of_the_first_version_as_duckdb_does(
    spark: dict[str, Any], tmp_path: Path
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(OLDER))
    engine = DuckDB(snapshots, snapshots.commits(), Copies(tmp_path))
    expected = [engine.rows(name, **values) for name, values in QUERIES]
    assert all(expected[::2])
    assert spark["older"] == expected


_ICEBERG = """
import json, sys, hashlib
told = {}
for name, text in json.load(sys.stdin).items():
    exec(compile(text, "docs/schema.md", "exec"))
    made = catalog.load_table(("inspector", table))
    files = sorted(task.file.file_path for task in made.scan().plan_files())
    rows = sorted(map(str, made.scan().to_arrow().to_pylist()))
    told[name] = {
        "files": files,
        "same": rows == sorted(str(row) for file in files for row in pq.ParquetFile(file).read().to_pylist()),
        "newest": len(list(made.scan(row_filter=f"snapshot_id == '{snapshot}'").plan_files())),
        "numbers": {one.name: one.field_id for one in made.schema().fields},
    }
print(json.dumps(told))
"""


def iceberg() -> Path:
    """The Python interpreter with pyiceberg, which has its own environment."""
    return Path(sys.prefix) / "iceberg" / "bin" / "python"


@pytest.fixture
def numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SnapshotWriter:
    """Two snapshots with column numbers, written by this version, and a third without a commit."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "")  # restored after the test
    SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "upgrades" / "make_store.py"))).main(
        tmp_path / "store"
    )
    for folder in [*(tmp_path / "store").glob(f"tables/*/snapshot_id={NEWEST}")]:
        shutil.copytree(folder, folder.with_name(f"snapshot_id={STRAY}"))
    return SnapshotWriter(FolderBlobs(tmp_path / "store"))


@pytest.mark.skipif(not iceberg().exists(), reason="pyiceberg is not installed: make iceberg")
def test_iceberg_registers_the_committed_files_of_every_table_as_they_are(
    numbered: SnapshotWriter, tmp_path: Path
) -> None:
    text = (
        block("python iceberg")
        .replace("{store}", str(tmp_path / "store"))
        .replace("{catalog}", str(tmp_path))
    )
    before = {path: path.read_bytes() for path in tmp_path.glob("store/tables/**/*.parquet")}
    asked = json.dumps({table: text.replace('"findings"', f'"{table}"') for table in fields()})
    said = subprocess.run(
        [iceberg(), "-c", _ICEBERG],
        input=asked,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-2000:]
    told = json.loads(said.stdout.splitlines()[-1])
    commits = numbered.commits()
    for table, one in told.items():
        parts = [
            (commit, part)
            for commit in commits
            for part in numbered.manifest(commit).parts
            if part.key.startswith(f"{table}/")
        ]
        assert one["files"] == sorted(
            str(numbered.part(commit, part, tmp_path)) for commit, part in parts
        ), table
        assert one["same"], table
        assert one["newest"] == sum(commit == commits[-1] for commit, _ in parts), table
        assert one["numbers"] == {name: known.number for name, known in fields()[table].items()}, (
            table
        )
    assert {
        path: path.read_bytes() for path in tmp_path.glob("store/tables/**/*.parquet")
    } == before


def test_the_page_of_versions_names_every_column_that_came_later() -> None:
    section = PAGE.split("\n## Versions\n")[1].split("\n## ")[0]
    row = next(line for line in section.splitlines() if line.startswith("| 2 | 1 |"))
    later = {
        (table, name)
        for table, known in fields().items()
        for name, one in known.items()
        if one.since == 2
    }
    tables = {table for table, _ in later}
    assert {
        table for table, _ in later if all(one.since == 2 for one in fields()[table].values())
    } == {"names"}
    for table, name in later:
        assert f"`{table}`" in row
        assert table == "names" or f"`{name}`" in row
    assert {"names", "findings"} <= tables


def strays(folder: Path) -> Iterator[Path]:
    yield from folder.glob(f"tables/*/snapshot_id={STRAY}/*")


def test_the_stray_is_a_whole_night_that_only_the_commits_leave_out(store: Path) -> None:
    assert (
        sum(
            pq.read_metadata(path).num_rows
            for path in strays(store)
            if path.parts[-3] == "findings"
        )
        == 144
    )
