"""The life of findings: one region's night against the last known state of each, told as events.

The rules are SQL, in ``nightly/lifecycle.sql``; this runs them. A night never resolves what it did not reach; what it
cannot explain ends as ``unknown``, never as ``patched``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.store.columns import DUCKDB, columns
from sre_findings.store.fields import DEFAULTS
from sre_findings.store.schema import HISTORY, TABLES

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "200MB"  # beyond it DuckDB spills to disk
_BATCH = 32_768
_ORDER = {
    "events": "kind, account_id, resource_type, resource_id, type, subject, finding_key",
    "states": "resource_id, account_id, resource_type, type, subject, ordinal",
    "cells": "account_id, resource_type, scan_type",
    "ages": "resource_id, account_id, severity_rank, opened_on, kev_due",
}
_KEPT = {"events": "events", "states": "states", "cells": "cells_now", "ages": "ages"}


@dataclass(frozen=True, slots=True)
class Night:
    """One region's night. Paths are of local Parquet parts; ``before`` are those of the newest night that has any.

    ``cells`` are (account, resource type, scan type, state); an account of ``*`` says that none is known.
    """

    snapshot_id: str
    at: datetime
    partition: str
    region: str
    cells: Sequence[tuple[str, str, str, str]]
    parts: Mapping[str, Sequence[Path]]
    before: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    vulnerabilities: Sequence[Path] = ()
    closed: Sequence[Path] = ()


def live_through(night: Night, folder: Path) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The tables of HISTORY that follow from the night, by name; ``folder`` is for what does not fit in memory.

    Take each table's batches before the next.
    """
    import duckdb  # noqa: PLC0415 - 100 ms, only for who needs it

    options: dict[str, Any] = {
        "memory_limit": MEMORY, "threads": "1", "temp_directory": str(folder), "preserve_insertion_order": "false",
        "disabled_optimizers": "join_order",  # it makes hash tables of the large sides of the rules' joins
    }  # fmt: skip
    with closing(duckdb.connect(config=options)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        _give(connection, night)
        for statement in _statements():
            connection.execute(statement)
        for name, schema in HISTORY.items():
            yield name, _batches(connection, name, schema, night)


def _give(connection: Any, night: Night) -> None:
    """The views and tables that the rules read."""
    connection.execute("create temp table night (snapshot_id text, began timestamptz, partition text, region text)")
    connection.execute("insert into night values (?, ?, ?, ?)", [night.snapshot_id, night.at, night.partition, night.region])
    connection.execute("create temp table cells (account_id text, resource_type text, scan_type text, state text)")
    if night.cells:
        connection.executemany("insert into cells values (?, ?, ?, ?)", [list(cell) for cell in night.cells])
    for name in ("findings", "packages", "coverage", "resources"):
        _view(connection, f"tonight_{name}", night.parts.get(name, ()), name)
    _view(connection, "closed", night.closed, "closed")
    _view(connection, "vulnerabilities", night.vulnerabilities, "vulnerabilities")
    for view, name in (
        ("before", "states"), ("cells_before", "cells"), ("findings_before", "findings"), ("packages_before", "packages")
    ):  # fmt: skip
        _view(connection, view, night.before.get(name, ()), name)


def _view(connection: Any, view: str, paths: Sequence[Path], table: str) -> None:
    """The parts as a view; without any, a view of no rows with the table's columns. Parts of an older version lack some."""
    if paths:
        found = connection.from_parquet([str(path) for path in paths], hive_partitioning=False)
        later = [(name, kind) for name, kind in columns(table, DUCKDB) or () if name not in found.columns]
        added = "".join(f", cast({DEFAULTS.get((table, name), 'null')} as {kind}) as {name}" for name, kind in later)
        found = found.project(f"*{added}")
    else:
        found = connection.from_arrow(TABLES[table].empty_table())
    found.create_view(view)


def _statements() -> Iterator[str]:
    text = (resources.files("sre_findings.ask") / "nightly" / "lifecycle.sql").read_text(encoding="utf-8")
    return (statement for statement in text.split(";\n") if statement.strip())


def _batches(connection: Any, name: str, schema: pa.Schema, night: Night) -> Iterator[pa.Table]:
    import pyarrow as pa  # noqa: PLC0415

    constant = {"snapshot_id": night.snapshot_id, "region": night.region}
    known = {row[0] for row in connection.execute(f"describe {_KEPT[name]}").fetchall()}
    columns = ", ".join(c if c in known else f"'{constant[c]}' as {c}" for c in schema.names)
    order = f" order by {_ORDER[name]}"
    reader = connection.sql(f"select {columns} from {_KEPT[name]}{order}").to_arrow_reader(_BATCH)  # noqa: S608 - our names
    for batch in reader:
        yield pa.Table.from_batches([batch]).cast(schema)
