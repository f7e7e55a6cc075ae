"""Each column's field ID in Parquet and Iceberg, and the table version that added the column.

``fields.tsv`` is the single source, with one line per column. Lines are only ever appended. An ID
is never reused, so Iceberg, Delta and other readers that map columns by ID can read the files
unchanged, including files that are years old.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET = b"PARQUET:field_id"

DEFAULTS = {("states", "ordinal"): "0"}
"""SQL values of columns for files written before the column existed.

Columns without a default are null, which means unknown.
"""


class Field(NamedTuple):
    """A column of a table: its field ID, from 1, and the table version that added it."""

    number: int
    since: int


@functools.cache
def fields() -> Mapping[str, Mapping[str, Field]]:
    """Returns the columns of every table, by table and column name."""
    found: dict[str, dict[str, Field]] = {}
    for line in (
        (resources.files("sre_findings.store.schema") / "fields.tsv")
        .read_text(encoding="utf-8")
        .splitlines()[1:]
    ):
        table, column, number, since = line.split("\t")
        found.setdefault(table, {})[column] = Field(int(number), int(since))
    return found


def numbered(table: str, schema: pa.Schema) -> pa.Schema:
    """Returns the schema with the field ID of each column, as Parquet files store it."""
    import pyarrow as pa

    known = fields()[table]
    return pa.schema(
        [one.with_metadata({_PARQUET: str(known[one.name].number).encode()}) for one in schema]
    )


def missing(table: str, version: int) -> list[str]:
    """Returns the columns of a table that files of this version do not have."""
    return [name for name, one in fields().get(table, {}).items() if one.since > version]
