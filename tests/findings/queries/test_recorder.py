"""Operations are recorded in batches, and all are written before the server ends."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.sources import make_sources

from sre_findings.model.operation import ANSWERED, Operation
from sre_findings.queries import operations
from sre_findings.queries.operations import Recorder
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.operations import read
from sre_findings.store.records.table import Row, SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Counting(SqliteTable):
    """A table that counts its transactions."""

    written = 0

    def put(self, rows: Iterable[Row]) -> None:
        """See Table."""
        self.written += 1
        super().put(rows)


def test_operations_close_together_share_a_transaction_and_closing_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_GATHER", 3600.0)
    table = Counting(tmp_path / "table.db")
    recorder = Recorder(make_sources(SnapshotWriter(FolderBlobs(tmp_path)), table, tmp_path))
    for number in range(5):
        recorder.add(
            Operation(NOW, str(number), "me", "summarize", ANSWERED, 1, {}, "snapshot", "s", 0)
        )
        # waits until the first one is taken, before the others are added
        while not recorder._waiting.empty() and number == 0:
            os.sched_yield()
    recorder.close()
    assert {one.id for one in read(table, NOW, 1)} == {*"01234"}
    assert table.written == 1
