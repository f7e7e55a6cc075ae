"""The columns of a table in an engine's own words, from the one schema."""

from __future__ import annotations

from typing import Any

DUCKDB, HIVE, TRINO = 0, 1, 2
_WORDS = {
    "string": ("VARCHAR", "string", "varchar"),
    "bool": ("BOOLEAN", "boolean", "boolean"),
    "int16": ("SMALLINT", "smallint", "smallint"),
    "int32": ("INTEGER", "int", "integer"),
    "int64": ("BIGINT", "bigint", "bigint"),
    "double": ("DOUBLE", "double", "double"),
    "date32[day]": ("DATE", "date", "date"),
    "timestamp[us, tz=UTC]": ("TIMESTAMPTZ", "timestamp", "timestamp"),
}


def columns(table: str, words: int) -> list[tuple[str, str]] | None:
    """Names and types of a table's columns for DUCKDB, HIVE (Spark, Glue) or TRINO (Athena); None
    for one that nobody knows.

    Imports pyarrow, 100 ms, and gives None where it is not installed: only tables without a single
    file are asked for.
    """
    try:
        from sre_findings.store.schema import tables as schema
    except ImportError:
        return None
    found = getattr(schema, table.upper(), None)
    return (
        None
        if found is None
        else [(field.name, _WORDS[str(_plain(field.type))][words]) for field in found]
    )


def _plain(kind: Any) -> Any:
    """The type of the values where they are kept as a dictionary."""
    return getattr(kind, "value_type", kind)
