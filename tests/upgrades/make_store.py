"""Creates the store of a version with two snapshots of a few simulated resources.

Run it with the last commit of a version, before the next one changes a column or a key:

    python tests/upgrades/make_store.py tests/upgrades/schema-4

It never replaces an existing store. All schema folders were made with it. The first lacks names,
reachability and unknown values; the first two have all tables of a snapshot in one folder.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import Fleet, default_fleet
from sre_simulator.fleet.cell import GeneratedCell
from sre_simulator.inspector.server import Simulator

ACCOUNTS, REGION = ("111122223333", "444455556666"), "us-east-1"
NEWEST = datetime(2026, 11, 23, 1, tzinfo=UTC)
_MOST = 160  # findings per resource


def small_fleet() -> Fleet:
    """Two accounts in one region, without the resources that have many findings."""
    fleet = default_fleet(nights=2, now=NEWEST)
    cells = {
        (region, account): GeneratedCell(
            account, region, [one for one in cell.resources if one.size <= _MOST], 7
        )
        for (region, account), cell in fleet.cells.items()
        if region == REGION and account in ACCOUNTS and isinstance(cell, GeneratedCell)
    }
    statuses = {account: fleet.statuses[account] for account in ACCOUNTS}
    return replace(fleet, regions=(REGION,), accounts=ACCOUNTS, cells=cells, statuses=statuses)


def main(folder: Path) -> None:
    """Scans both snapshots into the folder."""
    fleet, snapshots, table = (
        small_fleet(),
        SnapshotWriter(FolderBlobs(folder.absolute())),
        SqliteTable(folder / "table.db"),
    )
    request = Request(regions=[REGION], required=[REGION], rate=5000.0)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "TESTING",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with Simulator(fleet) as simulator:
        os.environ["AWS_ENDPOINT_URL_INSPECTOR2"] = simulator.url
        for simulator.clock in fleet.nights:
            scan(request, snapshots, table, now=lambda: simulator.clock)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
