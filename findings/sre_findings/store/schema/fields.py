"""Each column's number in Parquet and Iceberg, and the version of the tables that it came with.

``fields.tsv`` is the one place: a line a column, only ever appended to. A number that was given is
never another column's, so that Iceberg, Delta and whoever else maps columns by number can take the
files as they are, those of years ago too.
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
"""What a column means in files that are older than it, in SQL; null, which is "not known", where
nothing is said."""


class Field(NamedTuple):
    """A column of a table: its number, from 1, and the version of the tables that brought it."""

    number: int
    since: int


@functools.cache
def fields() -> Mapping[str, Mapping[str, Field]]:
    """Every table's columns, by name."""
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
    """The schema with the number of each of its columns, as Parquet files carry it."""
    import pyarrow as pa

    known = fields()[table]
    return pa.schema(
        [one.with_metadata({_PARQUET: str(known[one.name].number).encode()}) for one in schema]
    )


def missing(table: str, version: int) -> list[str]:
    """The columns of a table that files of this version do not have."""
    return [name for name, one in fields().get(table, {}).items() if one.since > version]
