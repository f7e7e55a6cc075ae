"""Shared fixtures: a store with two scanned snapshots, a scripted HTTP server, and a clock.

No test connects to anything but 127.0.0.1.
"""

from __future__ import annotations

import hashlib
import io
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.http_server import HttpResponse, HttpServer
from tests.support.shared_stores import copied_snapshots

from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
from sre_findings.store.schema import tables as schema
from sre_findings.store.snapshots.keys import part_key
from sre_findings.store.snapshots.reader import STAMP, Commit, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> SnapshotWriter:
    """Two daily snapshots of the default fleet, scanned once for all tests. Read-only."""
    return copied_snapshots(tmp_path_factory)


@pytest.fixture
def write_night() -> Callable[..., Commit]:
    """Commits snapshots with given rows.

    ``write_night(snapshots, 2, coverage=[{…}])`` commits a snapshot of day 2 that holds exactly
    these rows.
    """

    def write(snapshots: SnapshotWriter, number: int, **tables: list[dict[str, Any]]) -> Commit:
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
    snapshots: SnapshotWriter, snapshot_id: str, table: str, rows: list[dict[str, Any]]
) -> Part:
    buffer, key = io.BytesIO(), f"{table}/part-eu-west-1.parquet"
    known = getattr(schema, table.upper(), None)
    # A test passes only the columns that matter to it.
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


def make_reply(
    status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None, **faults: Any
) -> HttpResponse:
    """A response with JSON. ``faults`` are ``cut``, ``reset`` and ``after`` of HttpResponse."""
    named = {"Content-Type": "application/json", **(headers or {})}
    return HttpResponse(status, body, named, **faults)


class Server(HttpServer):
    """A server that answers ``{}`` until a test sets other replies."""

    def __init__(self) -> None:
        super().__init__(make_reply(), keep_alive=True)

    def reply(self, *replies: HttpResponse) -> None:
        """Sets the replies and clears the recorded requests."""
        self.responses[:] = replies
        self.requests.clear()


@pytest.fixture(scope="module")
def http_of_module(running: Any) -> Iterator[Server]:
    """The server behind ``http``."""
    with running(server := Server()):
        yield server


@pytest.fixture
def http(http_of_module: Server) -> Server:
    """An HTTP server on the loopback with scripted responses; ``{}`` by default."""
    http_of_module.reply(make_reply())
    return http_of_module


@pytest.fixture
def reply() -> Callable[..., HttpResponse]:
    """``reply(status=503)``: a response for ``http``."""
    return make_reply


@pytest.fixture
def refused() -> str:
    """An address that refuses connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def race() -> Callable[[int, Callable[[int], bool]], list[bool]]:
    """Runs ``one(number)`` in ``count`` threads that start at once, and returns the results."""

    def run(count: int, one: Callable[[int], bool]) -> list[bool]:
        barrier, results = threading.Barrier(count), [False] * count

        def enter(number: int) -> None:
            barrier.wait()
            results[number] = one(number)

        threads = [threading.Thread(target=enter, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


_RACER = """
import sys
from pathlib import Path
from sys import argv
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def processes() -> Callable[[str, Sequence[Sequence[str]]], list[str]]:
    """Runs a script in one process per argument and returns the output of each.

    All processes start at the same time.
    """

    def run(script: str, arguments: Sequence[Sequence[str]]) -> list[str]:
        imports, _, rest = script.strip().partition("\n")
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", f"{imports}\n{_RACER}\n{rest}", *one],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for one in arguments
        ]
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        outputs = [racer.communicate(timeout=60)[0] for racer in racers]
        assert [racer.returncode for racer in racers] == [0] * len(racers)
        return outputs

    return run


class Time:
    """A clock that only ``wait`` advances. ``waits`` records the requested pauses, in seconds."""

    def __init__(self) -> None:
        self.now, self.waits = 1000.0, list[float]()

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def fresh_time() -> Callable[[], Time]:
    """Returns a new clock on each call, for the injected ``clock`` and ``wait``."""
    return Time
