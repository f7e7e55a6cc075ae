"""Scans of the simulator, as the scheduled task runs them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.simulated_inspector import simulated_inspector

from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import Fleet, default_fleet
from sre_simulator.inspector.server import Simulator


@functools.cache
def one_night() -> Fleet:
    """The newest state of the default fleet.

    Cached, because creating it takes two seconds; tests do not change it.
    """
    return default_fleet(nights=1, now=NOW)


@dataclass
class Storage:
    """A store in a folder, and a method to scan into it."""

    folder: Path
    snapshots: SnapshotWriter = field(init=False)
    table: SqliteTable = field(init=False)

    def __post_init__(self) -> None:
        self.snapshots = SnapshotWriter(FolderBlobs(self.folder / "store"))
        self.table = SqliteTable(self.folder / "store" / "table.db")

    def scan(self, simulator: Simulator, **request: Any) -> Commit:
        """Scans the simulator's fleet at the simulator's time."""
        regions = request.pop("regions", simulator.fleet.regions)
        wanted = Request(
            **{"regions": regions, "required": regions, "rate": 5000.0, "deadline": 5.0} | request
        )
        return scan(wanted, self.snapshots, self.table, now=lambda: simulator.clock)

    def manifest(self, commit: Commit) -> Manifest:
        """The commit's manifest."""
        return self.snapshots.manifest(commit)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


@pytest.fixture(scope="module")
def faultless(tmp_path_factory: pytest.TempPathFactory) -> tuple[Storage, Commit]:
    """A scan of eu-west-1 without faults, and its store."""
    storage = Storage(tmp_path_factory.mktemp("faultless"))
    with simulated_inspector(one_night()) as simulator:
        return storage, storage.scan(simulator, regions=["eu-west-1"])


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``with served(fleet, faults=[…]) as simulator``: runs a simulator and sets AWS to it."""

    @contextmanager
    def serve(fleet: Any = None, **options: Any) -> Iterator[Simulator]:
        with Simulator(fleet or one_night(), **options) as simulator:
            monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
            yield simulator

    return serve
