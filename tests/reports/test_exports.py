"""One door for every export format."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq

from sre_findings.model.answer import Proof
from sre_reports.exports import Options, write_export

Rows = Callable[..., dict[str, Any]]
Proofs = Callable[..., Proof]


def test_csv_is_written_with_its_options_and_ages_of_the_snapshot(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    options = Options("csv", columns="full", excel=True, raw=True)
    assert write_export(options, proof(), [[row(title="=1")], [row()]], file) == 2
    text = file.getvalue().decode("utf-8-sig")
    header, first, second, end = text.split("\r\n")
    assert (header.endswith(",Instance Name,Owner"), ",=1," in first, second.count(",19,"), end) == (True, True, 1, "")
    assert file.getvalue().startswith(b"\xef\xbb\xbf")


def test_csv_without_a_snapshots_time_is_as_of_now(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("csv"), proof(as_of=None), [[row()]], file) == 1


def test_ndjson_is_a_line_a_row(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("ndjson"), proof(), [[row(), row()]], file) == 2
    assert [json.loads(line)["severity"] for line in file.getvalue().splitlines()] == ["HIGH", "HIGH"]


def test_parquet_is_one_file(row: Rows, proof: Proofs) -> None:
    file = io.BytesIO()
    assert write_export(Options("parquet"), proof(), [[row()], [row()]], file) == 2
    assert pq.read_table(file).num_rows == 2
