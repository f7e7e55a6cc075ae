"""A question of the command line has limits on time and memory, whatever the store contains."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.forged_snapshots import reseal

from sre_cli.exit_codes import UNREADABLE
from sre_cli.question_limits import question_limits, used
from sre_findings.engine.databases import interruptible
from sre_findings.model.errors import SreError, StoreUnreadable, Unreadable
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.writer import SnapshotWriter

ROWS = 10_000_000
HOUR, MUCH = 3600.0, 1 << 50


def run_forever() -> None:
    """Runs a query without end, with DuckDB's error replaced as the engine does."""
    cursor = duckdb.connect(config={"threads": "1"}).cursor()
    try:
        with interruptible(cursor):
            cursor.execute("select sum(a.range) from range(1000000) a, range(1000000) b")
    except duckdb.Error as error:
        raise StoreUnreadable("the snapshot cannot be read") from error


def limited(seconds: float, memory: int, work: Any) -> None:
    with question_limits(seconds, memory):
        work()


def test_an_endless_query_is_interrupted_at_the_time_limit() -> None:
    with pytest.raises(Unreadable, match=r"the question took longer than 0\.2 s"):
        limited(0.2, MUCH, run_forever)


def test_python_code_is_interrupted_at_the_time_limit() -> None:
    with pytest.raises(Unreadable, match="took longer"):
        limited(0.2, MUCH, lambda: time.sleep(HOUR))


def test_a_question_ends_at_the_memory_limit() -> None:
    with pytest.raises(Unreadable, match=r"needs more than .* MB of memory"):
        limited(HOUR, used() - 1, lambda: time.sleep(HOUR))


def test_an_error_of_the_question_stays_its_error() -> None:
    def fail() -> None:
        raise SreError("another")

    with pytest.raises(SreError, match="another"):
        limited(HOUR, MUCH, fail)


def test_a_process_that_does_not_stop_is_ended() -> None:
    code = """
import time
from sre_cli import question_limits
from sre_findings.model.errors import Unreadable
question_limits._GRACE = 0.2
with question_limits.question_limits(0.2, 1 << 50):
    while True:
        try:
            time.sleep(1)
        except Unreadable:
            pass
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == UNREADABLE
    (line,) = ended.stderr.decode().splitlines()
    assert "took longer than 0.2 s" in line


@pytest.fixture
def bomb(demo_store: Path, tmp_path: Path) -> Path:
    """A store whose newest snapshot has a part that is small and has ten million findings."""
    root = tmp_path / "store"
    shutil.copytree(demo_store, root)
    (root / "table.db").unlink()
    commit = max((root / "commits").glob("*.json"))
    values = json.loads(commit.read_text())
    manifest = root / "snapshots" / values["snapshot_id"] / "manifest.json"
    content = json.loads(manifest.read_text())
    parts = [part for shard in content["shards"] for part in shard["parts"]]
    part = next(one for one in parts if one["key"].startswith("findings/"))
    table, _, name = part["key"].partition("/")
    file = root / "tables" / table / f"snapshot_id={values['snapshot_id']}" / name
    duckdb.execute(
        f"copy (select t.* from (from read_parquet('{file}') limit 1) t, range({ROWS}))"
        f" to '{tmp_path / 'bomb'}' (format parquet, compression zstd, row_group_size 1000000)"
    )
    body = (tmp_path / "bomb").read_bytes()
    file.write_bytes(body)
    part.update(rows=ROWS, bytes=len(body), sha256=hashlib.sha256(body).hexdigest())
    manifest.write_text(json.dumps(content))
    values["manifest_sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    commit.write_text(json.dumps(values))
    return root


def test_a_small_file_with_millions_of_rows_cannot_hang_a_command(
    bomb: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    for command in (["export", "-f", str(tmp_path / "out/a.csv")], ["priorities"]):
        ended = subprocess.run(
            [sys.executable, "-m", "sre_cli", *command],
            capture_output=True,
            check=False,
            env={**os.environ, "SRE_STORE": str(bomb), "SRE_QUERY_TIME": "1s"},
        )
        assert (ended.returncode, ended.stderr.decode()) == (
            UNREADABLE,
            "sre-cli: the question took longer than 1 s. Narrow it, or raise SRE_QUERY_TIME.\n",
        )
    assert not [*(tmp_path / "out").iterdir()]


@pytest.mark.parametrize("number", [10**18, -1, 1.5, "many", True])
def test_numbers_that_cannot_be_are_refused(
    demo_store: Path, tmp_path: Path, number: object, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "store"
    shutil.copytree(demo_store, root)
    commit = max((root / "commits").glob("*.json"))
    values = json.loads(commit.read_text())
    values["totals"]["distinct"] = number
    commit.write_text(json.dumps(values))
    monkeypatch.setenv("SRE_STORE", str(root))
    for command in (("summary",), ("snapshots", "list")):
        done = cli(*command)
        assert (done.code, done.out) == (UNREADABLE, "")
        assert "is not a commit" in done.err


def test_deeply_nested_json_in_a_snapshot_is_one_line(
    demo_store: Path, tmp_path: Path, cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "store"
    shutil.copytree(demo_store, root)
    snapshots = SnapshotWriter(FolderBlobs(root))
    newest = snapshots.commits()[-1]
    for file in (root / "tables/packages" / f"snapshot_id={newest.snapshot_id}").iterdir():
        duckdb.execute(
            f"copy (select * replace (repeat('[', 10000) as list) from read_parquet('{file}'))"
            f" to '{tmp_path / 'deep'}' (format parquet)"
        )
        shutil.move(tmp_path / "deep", file)
    reseal(snapshots.blobs, newest)
    monkeypatch.setenv("SRE_STORE", str(root))
    for command in (("vulnerabilities", "-i", "prod-web-36", "--cached"), ("export",)):
        done = cli(*command)
        assert done.code == UNREADABLE
        (line,) = done.err.splitlines()
        assert "nested too deeply" in line
