"""Parts are written so that a query for one resource reads only a little data."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.schema.fields import fields
from sre_findings.store.schema.tables import FINDINGS
from sre_findings.store.snapshots.keys import part_key
from sre_scanner.tables.parts import writing


def test_only_repeating_columns_have_a_dictionary(
    tmp_path: Path,
) -> None:
    rows = pa.table(
        {"finding_arn": [f"arn:{n:032x}" for n in range(5000)], "title": ["the same"] * 5000}
    )
    blobs = FolderBlobs(tmp_path)
    with writing(blobs, "20261122T010000Z", "findings/part-0.parquet", rows.schema) as writer:
        writer.write(rows)
        writer.write(rows.slice(0, 7))
    file = pq.ParquetFile(
        io.BytesIO(blobs.read("tables/findings/snapshot_id=20261122T010000Z/part-0.parquet"))
    )
    assert file.read().equals(pa.concat_tables([rows, rows.slice(0, 7)]))
    first = file.metadata.row_group(0)
    dictionaries = {
        first.column(at).path_in_schema: first.column(at).has_dictionary_page for at in range(2)
    }
    assert dictionaries == {"finding_arn": False, "title": True}
    assert writer.part.rows == 5007


def test_each_column_has_its_field_number(tmp_path: Path) -> None:
    blobs, key = FolderBlobs(tmp_path), "findings/part-0.parquet"
    with writing(blobs, "20261122T010000Z", key, FINDINGS) as writer:
        writer.write(FINDINGS.empty_table())
    file = pq.ParquetFile(io.BytesIO(blobs.read(part_key("20261122T010000Z", key))))
    numbers = {one.name: int(one.metadata[b"PARQUET:field_id"]) for one in file.schema_arrow}
    assert numbers == {name: one.number for name, one in fields()["findings"].items()}
