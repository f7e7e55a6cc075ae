"""kill -9 at random times: visible snapshots are complete, and the next scan succeeds."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.snapshots.rollup import ORGANIZATION, Scope
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.store.records import rollups
from sre_findings.store.snapshots.chain import breaks
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.writer import SnapshotWriter

pytestmark = pytest.mark.slow
KILLS = 60
SCRIPT = Path(__file__).with_name("scanner_to_kill.py")


class Scanner:
    """The process that scans in child processes."""

    def __init__(self, store: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(store)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )

    def scan(self, seconds: float | None) -> tuple[int, float]:
        """Runs a scan and kills it after a number of seconds, if given.

        Returns its exit code and duration.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        began = time.monotonic()
        if seconds is not None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it may have ended before
                os.kill(child, signal.SIGKILL)
        return int(self._process.stdout.readline()), time.monotonic() - began

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


@pytest.fixture
def scanner(storage: Any) -> Iterator[Callable[[], Scanner]]:
    started: list[Scanner] = []

    def start() -> Scanner:
        started.append(Scanner(storage.folder / "store"))
        return started[-1]

    yield start
    for one in started:
        one.close()


def assert_whole(snapshots: SnapshotWriter) -> None:
    """Asserts that visible snapshots are complete, unchanged, and linked to each other."""
    assert list(breaks(snapshots.blobs)) == []
    for commit in snapshots.commits():
        assert commit.state == COMPLETE
        assert [why for _, why in verify(snapshots, commit) if why] == []


def test_a_killed_scan_leaves_only_whole_snapshots_and_the_next_succeeds(
    storage: Any, served: Callable[..., Any], scanner: Callable[[], Scanner]
) -> None:
    dice = random.Random(7)
    with served():
        scans = scanner()
        scans.scan(None)
        code, length = scans.scan(None)
        assert code == 0
        visible = len(storage.snapshots.commits())
        killed = 0
        while killed < KILLS:
            code, _ = scans.scan(dice.uniform(0, length))
            killed += code == -signal.SIGKILL
            found = len(storage.snapshots.commits())
            assert found - visible in ((0, 1) if code else (1,))
            visible = found
        assert_whole(storage.snapshots)
        code, _ = scans.scan(None)
        assert code == 0
    latest = storage.snapshots.commits()[-1]
    assert list(breaks(storage.snapshots.blobs)) == []
    assert len(storage.snapshots.commits()) == visible + 1
    assert all(rollups.written(storage.table, commit) for commit in storage.snapshots.commits())
    assert rollups.read(storage.table, latest, Scope(ORGANIZATION)).counts.total > 0
    assert [why for _, why in verify(storage.snapshots, latest) if why] == []
