"""The Parquet export: one file with the columns of the snapshot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sre_findings.store.schema.tables import WHOLE
from sre_reports.formats import parquet

Rows = Callable[..., dict[str, Any]]


def test_it_has_every_row_in_the_snapshots_columns(row: Rows, tmp_path: Path) -> None:
    assert (
        parquet.write_rows(
            [[row(), row(severity="LOW")], [row(owner=None)]], tmp_path / "f.parquet"
        )
        == 3
    )
    table = pq.read_table(tmp_path / "f.parquet")
    assert table.schema.equals(WHOLE)
    assert table.column("severity").to_pylist() == ["HIGH", "LOW", "HIGH"]
    assert table.column("owner").to_pylist() == ["payments", "payments", None]
    assert (
        table.column("first_observed_at").to_pylist()[0].isoformat() == "2026-11-02T03:00:00+00:00"
    )


def test_without_findings_it_has_only_the_columns() -> None:
    file = io.BytesIO()
    assert parquet.write_rows([], file) == 0
    assert pq.read_schema(file).equals(WHOLE)


def test_it_writes_row_groups_as_it_reads(row: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROW_GROUP", 4)
    file = io.BytesIO()

    def batches() -> Iterator[list[dict[str, Any]]]:
        for number in range(5):
            yield [row(title=f"{number}"), row(title="the same")]

    assert parquet.write_rows(batches(), file) == 10
    assert [pq.ParquetFile(file).metadata.row_group(n).num_rows for n in range(3)] == [4, 4, 2]
    assert pq.read_table(file).column("title").to_pylist()[::2] == ["0", "1", "2", "3", "4"]


def test_repeated_texts_are_stored_once_across_batches(row: Rows) -> None:
    file = io.BytesIO()
    texts = ["a" * 1_000, "b" * 1_000]
    parquet.write_rows(
        [[row(title=texts[number % 2]), row(title=texts[1])] for number in range(20)], file
    )
    title = pq.ParquetFile(file).metadata.row_group(0).column(WHOLE.names.index("title"))
    assert title.total_uncompressed_size < 5_000  # two texts with statistics, not forty texts
