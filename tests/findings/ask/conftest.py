"""A store with two nights of the simulated fleet, and a Spark cluster on the loopback."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.clock import NOW

from sre_findings.model.snapshots.certificate import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
from sre_findings.store import schema
from sre_findings.store.blobs import FolderBlobs
from sre_findings.store.keys import part_key
from sre_findings.store.snapshots import STAMP, Commit, Manifest, Snapshots
from sre_findings.store.table import SqliteTable
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Simulator


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Snapshots:
    """Two nights of the default fleet, scanned once for all tests; nobody writes to it."""
    folder = tmp_path_factory.mktemp("nights") / "store"
    snapshots, fleet = Snapshots(FolderBlobs(folder)), default_fleet(nights=2, now=NOW)
    request = Request(regions=fleet.regions, required=fleet.regions, rate=5000.0)
    with pytest.MonkeyPatch.context() as patch, Simulator(fleet) as simulator:
        for name, value in {
            "ACCESS_KEY_ID": "TESTING",
            "SECRET_ACCESS_KEY": "testing",
            "EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        for night in fleet.nights:
            simulator.clock = night
            scan(request, snapshots, SqliteTable(folder / "table.db"), now=lambda: simulator.clock)
    return snapshots


@pytest.fixture
def write_night() -> Callable[..., Commit]:
    """``write_night(snapshots, 2, coverage=[{…}])``: a committed snapshot of the second night with
    these rows and no others."""

    def write(snapshots: Snapshots, number: int, **tables: list[dict[str, Any]]) -> Commit:
        night = datetime(2026, 11, number, 1, tzinfo=UTC)
        plan = Plan(
            night.strftime(STAMP),
            number,
            night.isoformat(),
            ("ACTIVE",),
            (Shard("eu-west-1", "eu-west-1"),),
        )
        snapshots.write_plan(plan)
        parts = tuple(
            _write_part(snapshots, plan.snapshot_id, table, rows) for table, rows in tables.items()
        )
        facts = ShardFacts("eu-west-1", "eu-west-1", night.isoformat(), parts=parts)
        return snapshots.commit(Manifest(plan, (facts,), judge(plan, (facts,))), night)

    return write


def _write_part(
    snapshots: Snapshots, snapshot_id: str, table: str, rows: list[dict[str, Any]]
) -> Part:
    buffer, key = io.BytesIO(), f"{table}/part-eu-west-1.parquet"
    known = getattr(schema, table.upper(), None)
    # a test says only what it is about
    known = known and pa.schema([field.with_nullable(True) for field in known])
    pq.write_table(
        pa.Table.from_pylist([{"snapshot_id": snapshot_id, **row} for row in rows], schema=known),
        buffer,
    )
    with snapshots.blobs.write(part_key(snapshot_id, key)) as file:
        file.write(buffer.getvalue())
    return Part(
        key, len(rows), len(buffer.getvalue()), hashlib.sha256(buffer.getvalue()).hexdigest()
    )


# for lives of a minute: no compiler that pays off after ten
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# its end of the pipe closes, whatever happens to us
_WATCHED = '"$@" & child=$!; cat > /dev/null; kill $child; wait $child'
_ADDRESS = re.compile(r"spark://127\.0\.0\.1:\d+")


def no_spark() -> str:
    """Why Spark cannot run here; empty where it can."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    return (
        ""
        if shutil.which("java")
        else "there is no java on this machine (Debian: openjdk-17-jre-headless)"
    )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone master and two workers, each a process of its own on 127.0.0.1; the master's
    address."""
    if why := no_spark():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as running:
        log = running.enter_context(_daemon(folder, "master", "--webui-port", "0"))
        master = _wait_for(log, _ADDRESS)[0]
        small = ("--cores", "1", "--memory", "600m", "--webui-port", "0", "--work-dir", str(folder))
        logs = [
            running.enter_context(_daemon(folder, "worker", *small, master, number=n))
            for n in (1, 2)
        ]
        for one in logs:
            _wait_for(one, re.compile("Successfully registered with master"))
        yield master


@contextmanager
def _daemon(folder: Path, kind: str, *arguments: str, number: int = 0) -> Iterator[Path]:
    """A daemon of Spark that dies with this process at the latest; its log."""
    import pyspark

    home = Path(pyspark.__file__).parent
    name = f"org.apache.spark.deploy.{kind}.{kind.capitalize()}"
    command = [
        str(home / "bin" / "spark-class"),
        name,
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        *arguments,
    ]
    ours = {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": f"{QUICK} -Dspark.master.rest.enabled=false",
    }
    log = folder / f"{kind}-{number}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["sh", "-c", _WATCHED, "sh", *command], stdin=subprocess.PIPE, stdout=file, stderr=file,
            env=os.environ | ours,
        )  # fmt: skip
    try:
        yield log
    finally:
        process.communicate(timeout=30)


def _wait_for(log: Path, said: re.Pattern[str], seconds: float = 60) -> re.Match[str]:
    """What a daemon says in its log once it is ready."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := said.search(log.read_text()):
            return found
        time.sleep(0.05)
    raise AssertionError(f"Spark did not say {said.pattern!r}:\n{log.read_text()[-2000:]}")
