"""Scans in a forked child process for each line that it reads.

It prints the children's pids, so that the test can kill them.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet  # noqa: F401 - imported before the fork, so that each child scans at once

from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, make_plan, scan
from sre_scanner.task import run  # noqa: F401 - as above


def main() -> None:
    snapshots = SnapshotWriter(FolderBlobs(Path(sys.argv[1])))
    table = SqliteTable(Path(sys.argv[1]) / "table.db")
    make_plan(Request(["eu-west-1"]), snapshots, datetime.now(UTC))
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            scan(Request(["us-east-1"], rate=5000.0), snapshots, table)
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
