"""Stores that one worker of the run builds, and each worker copies."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.clock import NOW
from tests.support.simulated_inspector import scan_nights, simulated_inspector

from sre_cli.main import main
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import default_fleet


def copied_demo(folders: pytest.TempPathFactory) -> Path:
    """Returns a new store as ``sre-cli demo`` creates it: two snapshots of the default fleet."""
    return _copied("demo", _build_demo, folders)


def copied_snapshots(folders: pytest.TempPathFactory) -> SnapshotWriter:
    """Returns the snapshots of a new store: two days of the default fleet until ``NOW``."""
    return SnapshotWriter(FolderBlobs(_copied("nights", _build_snapshots, folders)))


def _copied(name: str, build: Callable[[Path], None], folders: pytest.TempPathFactory) -> Path:
    """Returns a copy of what ``build`` writes, which runs once for all workers."""
    own = folders.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    built = run / f"built-{name}"
    with (run / f"built-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            unfinished = folders.mktemp(name) / "store"
            build(unfinished)
            unfinished.rename(built)
    return shutil.copytree(built, folders.mktemp(name) / "store")


def _build_demo(store: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRE_STORE", str(store))
        patch.delenv("SRE_TABLE", raising=False)
        with pytest.raises(SystemExit) as ended:
            main(["demo", "--nights", "2"])
    assert ended.value.code == 0


def _build_snapshots(store: Path) -> None:
    snapshots = SnapshotWriter(FolderBlobs(store))
    with simulated_inspector(default_fleet(nights=2, now=NOW)) as simulator:
        scan_nights(simulator, snapshots, SqliteTable(store / "table.db"))
