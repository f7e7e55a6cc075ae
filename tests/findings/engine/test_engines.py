"""The files that an engine reads, for any number of snapshots, and how it handles damaged files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from sre_findings.engine import duckdb as module
from sre_findings.engine.duckdb import DuckDB
from sre_findings.engine.factory import open_engine, publish
from sre_findings.engine.spark import Spark
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.objects.s3 import S3Blobs
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter

Write = Callable[..., Commit]
ACTIVE = {"account_id": "1", "region": "r", "resource_type": "t", "status": "ACTIVE"}


@pytest.fixture
def snapshots(tmp_path: Path) -> SnapshotWriter:
    return SnapshotWriter(FolderBlobs(tmp_path / "it's" / "store"))


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "copies")


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Queries of the test, by name."""
    queries: dict[str, str] = {}
    monkeypatch.setattr(module, "catalogued", queries.__getitem__)
    yield queries
    module.statement.cache_clear()


@pytest.fixture
def bucket(aws: str, write_night: Write) -> SnapshotWriter:
    """A bucket with one snapshot of two resources."""
    boto3.client("s3").create_bucket(
        Bucket="store", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    snapshots = SnapshotWriter(S3Blobs("store"))
    write_night(
        snapshots,
        1,
        coverage=[ACTIVE | {"resource_id": one} for one in ("a", "b")],
        resources=[{"resource_id": "a"}],
    )
    return snapshots


def test_tables_are_the_newest_nights_and_history_is_of_all_of_them(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write, catalogue: dict[str, str]
) -> None:
    first = write_night(
        snapshots, 1, coverage=[{"resource_id": "old"}], events=[{"kind": "opened"}]
    )
    second = write_night(
        snapshots, 2, coverage=[{"resource_id": "new"}], events=[{"kind": "closed", "reopened": 1}]
    )
    third = write_night(snapshots, 3, coverage=[{"resource_id": "later"}])
    catalogue["seen"] = "select resource_id from coverage"
    catalogue["history"] = "select snapshot_id, kind, reopened from events order by snapshot_id"
    engine = DuckDB(snapshots, [second, first], copies)  # in any order
    assert engine.rows("seen") == [{"resource_id": "new"}]
    assert [tuple(row.values()) for row in engine.rows("history")] == [
        (first.snapshot_id, "opened", None),
        (second.snapshot_id, "closed", 1),
    ]
    assert len(DuckDB(snapshots, [first, second, third], copies).rows("history")) == 2
    catalogue["what"] = "select kind from events"
    assert DuckDB(snapshots, [first], copies).rows("what") == [{"kind": "opened"}]


def test_a_table_without_a_file_is_empty_with_its_columns(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write, catalogue: dict[str, str]
) -> None:
    commit = write_night(snapshots, 1, coverage=[{"resource_id": "a"}])
    catalogue["none"] = (
        "select resource_id, critical, epoch_us(null::timestamptz) as at from resources"
    )
    catalogue["unknown"] = "select * from states_of_matter"
    engine = DuckDB(snapshots, [commit], copies)
    assert engine.rows("none") == []
    with pytest.raises(StoreUnreadable, match="Table with name states_of_matter does not exist"):
        engine.rows("unknown")


def test_any_table_of_the_manifest_can_be_asked(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write, catalogue: dict[str, str]
) -> None:
    commit = write_night(snapshots, 1, moods=[{"mood": "calm"}])
    catalogue["moods"] = "select mood from moods where mood = :mood"
    assert DuckDB(snapshots, [commit], copies).rows("moods", mood="calm", moods="ignored") == [
        {"mood": "calm"}
    ]


def test_only_files_of_the_tables_that_are_named_are_fetched(
    bucket: SnapshotWriter, tmp_path: Path
) -> None:
    engine = DuckDB(bucket, bucket.commits(), Copies(tmp_path / "copies"))
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]
    sums = {
        part.key.split("/")[0]: part.sha256 for part in bucket.manifest(bucket.commits()[0]).parts
    }
    assert [path.stem for path in tmp_path.rglob("*.parquet")] == [sums["coverage"]]
    engine.rows("owners")
    assert {path.stem for path in tmp_path.rglob("*.parquet")} == set(sums.values())


@pytest.fixture
def nothing_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every query read the files again, as for large tables."""
    monkeypatch.setattr(module, "_SMALL", 0)


def damage(path: Path) -> None:
    """Changes every byte except Parquet's magic bytes. The size and the times stay the same."""
    seen, body = path.stat(), path.read_bytes()
    path.write_bytes(body[:4] + bytes(255 - byte for byte in body[4:-4]) + body[-4:])
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


@pytest.mark.usefixtures("nothing_is_small")
def test_a_copy_that_went_bad_while_the_process_lives_is_fetched_again(
    bucket: SnapshotWriter, tmp_path: Path
) -> None:
    engine = DuckDB(bucket, bucket.commits(), Copies(tmp_path))
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]
    damage(next(tmp_path.rglob("*.parquet")))
    again = DuckDB(bucket, bucket.commits(), Copies(tmp_path))
    assert again.rows("coverage_scanned", owners=None) == [{"scanned": 2}]
    next(tmp_path.rglob("*.parquet")).unlink()
    assert again.rows("coverage_scanned", owners=None) == [{"scanned": 2}]


@pytest.mark.usefixtures("nothing_is_small")
def test_a_disk_that_goes_on_forgetting_is_not_asked_for_ever(
    bucket: SnapshotWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, asked = DuckDB(bucket, bucket.commits(), Copies(tmp_path)), list[int]()

    def ready(tables: Any) -> Any:
        cursor = DuckDB._ready(engine, tables)
        asked.append(1)
        damage(next(tmp_path.rglob("*.parquet")))
        return cursor

    monkeypatch.setattr(engine, "_ready", ready)
    with pytest.raises(StoreUnreadable, match="cannot be read"):
        engine.rows("coverage_scanned", owners=None)
    assert len(asked) == 2


def test_a_small_table_is_read_once(bucket: SnapshotWriter, tmp_path: Path) -> None:
    engine = DuckDB(bucket, bucket.commits(), Copies(tmp_path))
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]
    damage(next(tmp_path.rglob("*.parquet")))
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]


def test_a_store_that_is_damaged_itself_is_told_and_not_asked_for_ever(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write
) -> None:
    commit = write_night(snapshots, 1, coverage=[{"resource_id": "a"}])
    damage(
        next(
            Path(snapshots.blobs.url.removeprefix("file://").replace("%27", "'")).rglob("*.parquet")
        )
    )
    with pytest.raises(
        StoreUnreadable,
        match=r"snapshot 20261101T010000Z is damaged: the SHA-256 .*Run: sre-cli snapshots verify",
    ):
        DuckDB(snapshots, [commit], copies).rows("coverage_scanned", owners=None)


@pytest.mark.usefixtures("nothing_is_small")
def test_a_file_of_a_folder_that_was_replaced_while_the_process_lives_is_refused(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write, tmp_path: Path
) -> None:
    rows = [ACTIVE | {"resource_id": one} for one in ("a", "b")]
    commit = write_night(snapshots, 1, coverage=rows)
    engine = DuckDB(snapshots, [commit], copies)
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]
    (path,) = tmp_path.rglob("part-*.parquet")
    body = path.read_bytes()
    pq.write_table(pq.read_table(path).slice(1), path)
    for _ in range(2):
        with pytest.raises(StoreUnreadable, match=r"is damaged: coverage/part-eu-west-1.parquet"):
            engine.rows("coverage_scanned", owners=None)
    path.write_bytes(body)
    assert engine.rows("coverage_scanned", owners=None) == [{"scanned": 2}]


@pytest.mark.parametrize(
    "wrong", ["", "sqlite", "duckdb://x", "spark:", "spark://", "athena:", "athena://"]
)
def test_what_is_no_engine_is_refused_with_what_is_one(
    wrong: str, snapshots: SnapshotWriter, copies: Copies
) -> None:
    with pytest.raises(
        UsageError, match=r"is not an engine. Use duckdb, spark, spark://host:port or athena://"
    ):
        open_engine(wrong, snapshots, [], copies)


def test_engines_that_read_the_store_need_not_be_told_of_commits(snapshots: SnapshotWriter) -> None:
    assert publish("duckdb", snapshots, []) == publish("spark", snapshots, []) == 0


def test_without_pyspark_it_is_said_what_to_install(
    snapshots: SnapshotWriter, copies: Copies, write_night: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    engine = open_engine("spark", snapshots, [write_night(snapshots, 1, coverage=[])], copies)
    assert isinstance(engine, Spark)
    with pytest.raises(
        UsageError,
        match=r"pyspark is not installed: .* pip install 'sre-operations-assistant\[spark\]'",
    ):
        engine.rows("coverage_scanned", owners=None)


_ASK = """
import sys
from sre_findings.engine.spark import context_of
from sre_findings.model.errors import Unreachable
try:
    context_of("local[1]")
except Unreachable as error:
    print(error)
"""


@pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed")
def test_without_java_it_is_said_what_to_check(tmp_path: Path) -> None:
    environ = os.environ | {"JAVA_HOME": str(tmp_path / "nowhere")}
    said = subprocess.run(
        [sys.executable, "-c", _ASK], env=environ, capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("Spark does not start with the master local[1]: ")
    assert said.endswith("Check that Java 17 or newer is installed, and the master's address.\n")


@pytest.mark.parametrize(
    ("master", "beginning"),
    [("local[2]", "file://{tmp_path}/copies/"), ("yarn", "s3a://store/tables/coverage/")],
)
def test_workers_of_a_cluster_read_the_bucket_and_one_machine_its_copies(
    bucket: SnapshotWriter, tmp_path: Path, master: str, beginning: str
) -> None:
    engine = Spark(bucket, bucket.commits(), Copies(tmp_path / "copies"))
    engine.__dict__["_session"] = SimpleNamespace(sparkContext=SimpleNamespace(master=master))
    (path,) = engine._paths("coverage")
    assert path.startswith(beginning.replace("{tmp_path}", str(tmp_path)))


def test_an_export_joins_nothing_however_many_values_it_may_have(
    nights: SnapshotWriter, copies: Copies
) -> None:
    """DuckDB keeps the order of parts only without a join, and turns a long ``in`` into one."""
    names = ("resource_id", "statuses", "severities", "types", "accounts", "regions", "owners")
    filters: dict[str, Any] = dict.fromkeys(names) | {
        "reachable": False,
        "owners": ["payments", "data", *(f"nobody-{n}" for n in range(20))],
    }
    few = Access(frozenset({"111122223333"}), frozenset(filters["owners"]))
    for access in (EVERYTHING, few):
        engine = DuckDB(nights, nights.commits()[-1:], copies, access)
        plan = (
            engine.connect(["findings"])
            .execute(f"explain {module.statement('findings')}", filters)
            .fetchall()[0][1]
        )
        assert "Join" not in plan
        rows = [(row["region"], row["resource_id"]) for row in engine.rows("findings", **filters)]
        assert rows == sorted(rows)
        assert rows
