"""A simulated Inspector for tests, and scans of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import Fleet
from sre_simulator.inspector.server import Simulator

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "TESTING",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Environment variables with credentials that no service accepts, except simulators."""


@contextmanager
def simulated_inspector(fleet: Fleet, **options: Any) -> Iterator[Simulator]:
    """Simulates Inspector with a fleet, and sets the environment variables for it.

    For fixtures of any scope. ``options`` are passed to the simulator.
    """
    with pytest.MonkeyPatch.context() as patch, Simulator(fleet, **options) as simulator:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        yield simulator


def scan_nights(
    simulator: Simulator, snapshots: SnapshotWriter, table: Table, **request: Any
) -> list[Commit]:
    """Scans each day of the simulator's fleet at that day's time.

    ``request`` changes what is scanned; by default all regions.
    """
    regions = simulator.fleet.regions
    values: dict[str, Any] = {"regions": regions, "required": regions, "rate": 5000.0}
    wanted = Request(**values | request)
    commits = []
    for night in simulator.fleet.nights:
        simulator.clock = night
        commits.append(scan(wanted, snapshots, table, now=lambda: simulator.clock))
    return commits
