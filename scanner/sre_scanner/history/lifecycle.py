"""The life of findings: one region's night against the last known state of each, told as events.

The rules are SQL, in ``nightly``; this runs them. A night never resolves what it did not reach;
what it cannot explain ends as ``unknown``, never as ``patched``.

A region is taken in pieces of some resources each (see ``pieces``), so that a million findings take
no more memory than fifty thousand. What a piece leaves lies in Parquet files of a temporary folder
until it is asked for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.column_types import DUCKDB, columns
from sre_findings.store.fields import DEFAULTS
from sre_findings.store.schema import HISTORY, TABLES
from sre_scanner.history.ranges import cut, regrouped

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "128MB"  # for DuckDB, which spills to disk beyond it
SPILL = "16GB"  # of the temporary folder, at most
PIECE = 40_000  # findings of tonight and states of before, together
_BATCH = 32_768
_GROUP = 8_192  # rows of a row group of temporary files
_ORDER = {
    "events": "kind, account_id, resource_type, resource_id, type, subject, finding_key",
    "states": "resource_id, account_id, resource_type, type, subject, ordinal",
    "cells": "account_id, resource_type, scan_type",
    "ages": "resource_id, account_id, severity_rank, opened_on, kev_due, resource_type, owner",
}
_HERE = """(resource_id >= getvariable('first_0')
         or (resource_id is null and getvariable('first_0') = ''))
    and (getvariable('end_0') is null or resource_id < getvariable('end_0')
         or (resource_id is null and getvariable('first_0') = ''))"""
_ROWS = """(select coalesce(resource_id, '') as resource_id from every_tonight_findings
    union all select resource_id from every_before)"""
_TOLD = """select * from every_event as e where kind <> 'exposure_ended'
    or exists (from last_members as m where m.type = e.type and m.finding_key = e.finding_key)"""


@dataclass(frozen=True, slots=True)
class Night:
    """One region's night. Paths are of local Parquet parts; ``before`` are those of the newest
    night that has any.

    ``cells`` are (account, resource type, scan type, state); an account of ``*`` says that none is
    known.
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


Files = dict[str, list[Path]]


def live_through(
    night: Night, folder: Path, piece: int = PIECE
) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The tables of HISTORY that follow from the night, by name; ``folder`` is for what does not
    fit in memory.

    Take each table's batches before the next. ``piece`` bounds the memory and changes no row.
    Raises StoreUnreadable where DuckDB cannot: a part is damaged, or the disk is full.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="pieces-", dir=folder) as name:
        try:
            files = _lived(night, Path(name), piece)
            for table, schema in HISTORY.items():
                yield table, regrouped(_batches(table, files, piece), schema, _BATCH)
        except duckdb.Error as error:
            why, do = (
                str(error).splitlines()[0],
                "Look at the disk for temporary files; run: sre-cli snapshots verify.",
            )
            raise StoreUnreadable(
                f"the history of {night.region} cannot be made", why=why, do=do
            ) from error


def _connection(folder: Path) -> closing[Any]:
    import duckdb

    options: dict[str, Any] = {
        "memory_limit": MEMORY,
        "threads": "1",
        "temp_directory": str(folder),
        "max_temp_directory_size": SPILL,
        # it makes hash tables of the large sides of the rules' joins
        "disabled_optimizers": "join_order",
        "allocator_flush_threshold": "8MB",
        "enable_external_file_cache": "false",
    }
    return closing(duckdb.connect(config=options))


def _lived(night: Night, folder: Path, piece: int) -> Files:
    """Runs the rules: every piece joined with what was known, then every piece lived through."""
    with _connection(folder) as connection:
        region = _Region(connection, folder)
        _give(connection, night)
        region.run("region")
        region.keep("cells")
        ranges = cut(connection, _ROWS, ("resource_id",), piece)
        for one in ranges:
            one.choose(connection)
            region.run("joined")
            region.keep("joined", "held", "exposed")
        region.run("bulk")
        if ranges:
            region.see("every_held", region.files["held"])
            region.see("every_exposed", region.files["exposed"])
        for one, path in zip(ranges, region.files.get("joined", ()), strict=True):
            one.choose(connection)
            region.see("joined", [path])
            region.run("lived")
            region.keep("events", "states", "ages")
        region.run("ended")
        region.keep("last_members")
        return region.files


def _batches(table: str, files: Files, piece: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in its order. What the rules needed of memory is given back by then."""
    if table == "events" and table in files:
        folder = files[table][0].parent
        with _connection(folder) as connection:
            # they are wide
            yield from _events(_Region(connection, folder, files), max(piece // 2, 1))
        return
    import pyarrow.parquet as pq

    # resources that follow on each other: the order of pieces is the table's
    for path in files.get(table, ()):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_GROUP, use_threads=False)


def _events(region: _Region, piece: int) -> Iterator[pa.RecordBatch]:
    """Events come in another order than the pieces do: each range of theirs is read from all
    pieces."""
    connection = region.connection
    connection.execute("set TimeZone = 'UTC'")
    region.see("every_event", region.files["events"])
    region.see("last_members", region.files["last_members"])
    connection.execute(f"create temp view told as {_TOLD}")
    for one in cut(
        connection, "every_event", ("kind", "account_id", "resource_type", "resource_id"), piece
    ):
        one.choose(connection)
        yield from connection.sql(_ordered("events", f"told where {one.within}")).to_arrow_reader(
            _BATCH
        )


class _Region:
    """The rules of a region, and the files that they leave."""

    def __init__(self, connection: Any, folder: Path, files: Files | None = None) -> None:
        self.connection, self._folder, self.files = connection, folder, files or {}

    def run(self, rules: str) -> None:
        """Runs a file of rules."""
        for statement in _statements(rules):
            self.connection.execute(statement)

    def keep(self, *tables: str) -> None:
        """Writes what was made into files, each with its rows in order."""
        for table in tables:
            files = self.files.setdefault(table, [])
            path = self._folder / f"{table}-{len(files):05d}.parquet"
            rows = _ordered(table) if table in HISTORY else table
            self.connection.execute(f"copy {rows} to {_quoted(path)} (row_group_size {_GROUP})")
            if table != "cells":  # other rules read it
                self.connection.execute(f"drop table {table}")
            files.append(path)

    def see(self, view: str, paths: Sequence[Path]) -> None:
        """Files as a view."""
        self.connection.execute(
            f"create or replace temp view {view} as from"
            f" read_parquet([{', '.join(map(_quoted, paths))}])"
        )


def _ordered(table: str, source: str = "") -> str:
    """The rows of a table of HISTORY in its order."""
    names, order = ", ".join(HISTORY[table].names), _ORDER[table]
    return f"(select {names} from {source or table} order by {order})"  # noqa: S608 - our names


def _give(connection: Any, night: Night) -> None:
    """The views and tables that the rules read; ``every_`` of those that they read by piece."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set parquet_metadata_cache = true")
    connection.execute(
        "create temp table night (snapshot_id text, began timestamptz, partition text, region text)"
    )
    connection.execute(
        "insert into night values (?, ?, ?, ?)",
        [night.snapshot_id, night.at, night.partition, night.region],
    )
    connection.execute(
        "create temp table cell_states (account_id text, resource_type text, scan_type text, state"
        " text)"
    )
    if night.cells:
        connection.executemany(
            "insert into cell_states values (?, ?, ?, ?)", [list(cell) for cell in night.cells]
        )
    for name in ("packages", "coverage", "resources"):
        _view(connection, f"tonight_{name}", night.parts.get(name, ()), name)
    _view(connection, "vulnerabilities", night.vulnerabilities, "vulnerabilities")
    _view(connection, "cells_before", night.before.get("cells", ()), "cells")
    _view(connection, "packages_before", night.before.get("packages", ()), "packages")
    for view, paths, name in (
        ("tonight_findings", night.parts.get("findings", ()), "findings"),
        ("closed", night.closed, "closed"),
        ("before", night.before.get("states", ()), "states"),
        ("findings_before", night.before.get("findings", ()), "findings"),
    ):
        _view(connection, f"every_{view}", paths, name)
        connection.execute(f"create temp view {view} as select * from every_{view} where {_HERE}")  # noqa: S608 - ours


def _view(connection: Any, view: str, paths: Sequence[Path], table: str) -> None:
    """The parts as a view; without any, a view of no rows with the table's columns. Parts of an
    older version lack some."""
    if paths:
        found = connection.from_parquet([str(path) for path in paths], hive_partitioning=False)
        later = [
            (name, kind) for name, kind in columns(table, DUCKDB) or () if name not in found.columns
        ]
        added = "".join(
            f", cast({DEFAULTS.get((table, name), 'null')} as {kind}) as {name}"
            for name, kind in later
        )
        found = found.project(f"*{added}")
    else:
        found = connection.from_arrow(TABLES[table].empty_table())
    found.create_view(view)


def _statements(rules: str) -> Iterator[str]:
    text = (resources.files("sre_scanner.history") / f"{rules}.sql").read_text(encoding="utf-8")
    return (statement for statement in text.split(";\n") if statement.strip())


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
