"""The columns of a table with the type names of each engine, derived from one schema."""

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
    """Returns the names and types of a table's columns, or None for an unknown table.

    ``words`` is DUCKDB, HIVE (Spark, Glue) or TRINO (Athena). This imports pyarrow (100 ms) and
    returns None if it is not installed. It is needed only for tables without any file.
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
    """Returns the value type of a dictionary type, or the type itself."""
    return getattr(kind, "value_type", kind)
