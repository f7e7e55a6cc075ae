"""One door for every export: which format, to an open binary file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from sre_findings.model.answer import Proof

Batches = Iterable[list[dict[str, Any]]]
"""Rows as ``sre_findings.ask.ask.rows`` yields them: times in epoch microseconds, nested parts as JSON text."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to write: csv, ndjson or parquet; the rest is for CSV."""

    form: str
    columns: str = "inspector"
    excel: bool = False
    raw: bool = False


def write_export(options: Options, proof: Proof, batches: Batches, file: BinaryIO) -> int:
    """Writes every row, a batch at a time, and returns how many there were."""
    counted = _Counted(batches)
    if options.form == "parquet":
        from sre_reports import parquet_export  # noqa: PLC0415 - pyarrow only for Parquet

        parquet_export.write(counted, file)
    else:
        file.writelines(chunk.encode() for chunk in _texts(options, proof, counted))
    return counted.rows


def _texts(options: Options, proof: Proof, batches: Batches) -> Iterator[str]:
    if options.form == "ndjson":
        from sre_reports import ndjson_export  # noqa: PLC0415 - one format a run

        return ndjson_export.chunks(batches)
    from sre_reports import csv_export  # noqa: PLC0415

    as_of = proof.as_of or datetime.now(UTC)
    return csv_export.chunks(batches, as_of, columns=options.columns, raw=options.raw, excel=options.excel)


class _Counted:
    """Batches that count the rows which went through."""

    def __init__(self, batches: Batches) -> None:
        self._batches, self.rows = batches, 0

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        for batch in self._batches:
            self.rows += len(batch)
            yield batch
