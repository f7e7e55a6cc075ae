"""Findings as one Parquet file with all columns of the snapshot.

The file is meant for pandas, Spark, DuckDB and Athena.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from sre_findings.model.answers.answer import Proof

if TYPE_CHECKING:
    import pyarrow as pa

    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

_ROW_GROUP = 32_768  # rows: few enough for memory, enough for dictionaries to compress well


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:  # noqa: ARG001 - a Writer
    """Writes the file; see :func:`write_rows`."""
    write_rows(batches, file)


def write_rows(
    batches: Iterable[Sequence[Mapping[str, Any]]], destination: Path | IO[bytes]
) -> int:
    """Writes rows, and returns how many. Without rows, the file has only the columns.

    Memory is bounded by one row group. The file is complete only on return, so give it a temporary
    name until then.
    """
    import pyarrow.parquet as pq

    from sre_findings.store.schema.tables import WHOLE

    written = 0
    with pq.ParquetWriter(destination, WHOLE, compression="zstd") as writer:
        for group in _row_groups(batches, WHOLE):
            writer.write_table(group)
            written += group.num_rows
    return written


def _row_groups(
    batches: Iterable[Sequence[Mapping[str, Any]]], schema: pa.Schema
) -> Iterable[pa.Table]:
    """Yields batches combined into row groups.

    They are held as Arrow tables, which store repeated texts once.
    """
    import pyarrow as pa

    gathered: list[pa.RecordBatch] = []
    for batch in batches:
        gathered.append(pa.RecordBatch.from_pylist(list(batch), schema=schema))
        if sum(one.num_rows for one in gathered) >= _ROW_GROUP:
            yield pa.Table.from_batches(gathered, schema).unify_dictionaries()
            gathered = []
    if gathered:
        yield pa.Table.from_batches(gathered, schema).unify_dictionaries()
