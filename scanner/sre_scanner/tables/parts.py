"""Parquet parts, written to the store by row group and hashed on the way."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from sre_findings.model.snapshots.shard_facts import Part
from sre_findings.store.objects.blobs import Blobs
from sre_findings.store.schema.fields import numbered
from sre_findings.store.snapshots.keys import part_key

# Long texts would exceed the default dictionary page of 1 MB and fall back to plain pages, which
# take 80 % more bytes.
_DICTIONARY_PAGE = 32 << 20

# A query for one resource reads the pages that contain it and the whole dictionary. Names that
# never repeat need no dictionary: without it, such a query takes a fifth less time and the file 4 %
# fewer bytes.
_PAGE = 64 << 10
_UNIQUE = ("finding_arn",)


class Digesting:
    """A file that hashes and counts what is written to it, with the methods that pyarrow needs."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._sha256, self.bytes = file, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        """Writes and hashes the data."""
        self._sha256.update(data)
        self.bytes += memoryview(data).nbytes
        return self._file.write(data)

    def tell(self) -> int:
        """Returns the number of bytes written."""
        return self.bytes

    def flush(self) -> None:
        """Flushes the file."""
        self._file.flush()

    def close(self) -> None:
        """Does nothing: the owner of the file closes it."""

    def hexdigest(self) -> str:
        """Returns the SHA-256 of everything written."""
        return self._sha256.hexdigest()


class PartWriter:
    """A part while it is written; ``part`` describes it after ``close``."""

    part: Part

    def __init__(self, key: str, schema: pa.Schema, file: Digesting) -> None:
        self._key, self._file, self._rows = key, file, 0
        # pyarrow's stubs do not accept a list.
        repeating: Any = [name for name in schema.names if name not in _UNIQUE]
        self._writer = pq.ParquetWriter(
            file,
            numbered(key.partition("/")[0], schema),
            compression="zstd",
            compression_level=1,
            dictionary_pagesize_limit=_DICTIONARY_PAGE,
            use_dictionary=repeating,
            data_page_size=_PAGE,
            write_statistics=True,
            version="2.6",
            store_schema=True,
        )

    def write(self, rows: pa.Table) -> None:
        """Adds the rows as one row group."""
        self._writer.write_table(rows, row_group_size=max(len(rows), 1))
        self._rows += len(rows)

    def abandon(self) -> None:
        """Ends the part without a footer, because the file is discarded."""
        self._writer.is_open = False

    def close(self) -> None:
        """Writes the footer."""
        self._writer.close()
        self.part = Part(self._key, self._rows, self._file.bytes, self._file.hexdigest())


@contextlib.contextmanager
def writing(blobs: Blobs, snapshot_id: str, key: str, schema: pa.Schema) -> Iterator[PartWriter]:
    """Writes a part at ``key`` of the snapshot. It is stored if the block ends without an error."""
    with blobs.write(part_key(snapshot_id, key)) as file:
        writer = PartWriter(key, schema, Digesting(file))
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
        writer.close()
