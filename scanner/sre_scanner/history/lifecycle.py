"""The life of findings.

Compares one region's snapshot with the last known state of each finding, and writes events. The
rules are the SQL files in this folder. A finding in an account/region pair that was not read is
never resolved. One that is gone without an explanation ends as ``unknown``, never as ``patched``.

A region is processed in ranges of resources (see ``ranges``), so that a million findings take no
more memory than fifty thousand. Results are kept in Parquet files of a temporary folder until they
are read.
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
from sre_findings.store.schema.column_types import DUCKDB, columns
from sre_findings.store.schema.fields import DEFAULTS
from sre_findings.store.schema.tables import HISTORY
from sre_scanner.history.ranges import cut, regrouped

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "128MB"  # DuckDB's memory limit; beyond it, it spills to disk
SPILL = "16GB"  # limit of the temporary folder
PIECE = 40_000  # rows of findings and earlier states in one range
_BATCH = 32_768
_GROUP = 8_192  # rows per row group of temporary files
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
    """One region of a snapshot.

    Paths are of local Parquet parts; ``before`` are those of the newest earlier snapshot with a
    history. ``cells`` are (account, resource type, scan type, state); the account ``*`` means that
    no account is known.
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


def history_tables(
    night: Night, folder: Path, piece: int = PIECE
) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """Yields the history tables of a region, by name; ``folder`` is for temporary files.

    Read each table's batches before the next. ``piece`` bounds the memory and does not change the
    rows. Raises StoreUnreadable if DuckDB fails: a part is damaged, or the disk is full.
    """
    import _duckdb as duckdb

    with tempfile.TemporaryDirectory(prefix="pieces-", dir=folder) as name:
        try:
            files = _lived(night, Path(name), piece)
            for table, schema in HISTORY.items():
                yield table, regrouped(_batches(table, files, piece), schema, _BATCH)
        except duckdb.Error as error:
            why, do = (
                str(error).splitlines()[0],
                "Check the free space for temporary files, and run: sre-cli snapshots verify.",
            )
            raise StoreUnreadable(
                f"the history of {night.region} could not be computed", why=why, do=do
            ) from error


def _connection(folder: Path) -> closing[Any]:
    # The duckdb package itself takes 60 ms, for relations that the rules do not need.
    import _duckdb as duckdb

    options: dict[str, Any] = {
        "memory_limit": MEMORY,
        "threads": "1",
        "temp_directory": str(folder),
        "max_temp_directory_size": SPILL,
        # This optimizer would build hash tables of the large sides of the joins.
        "disabled_optimizers": "join_order",
        "allocator_flush_threshold": "8MB",
        "enable_external_file_cache": "false",
    }
    return closing(duckdb.connect(config=options))


def _lived(night: Night, folder: Path, piece: int) -> Files:
    """Runs the rules.

    Joins each range with the earlier states, then derives its events and states.
    """
    with _connection(folder) as connection:
        region = _Region(connection, folder)
        _give(connection, night)
        region.run("region")
        region.keep("cells")
        ranges = cut(connection, _ROWS, ("resource_id",), piece)
        for one in ranges:
            one.choose(connection)
            region.run("matches")
            region.keep("joined", "held", "exposed")
        region.run("bulk_losses")
        if ranges:
            region.see("every_held", region.files["held"])
            region.see("every_exposed", region.files["exposed"])
        for one, path in zip(ranges, region.files.get("joined", ()), strict=True):
            one.choose(connection)
            region.see("joined", [path])
            region.run("events")
            region.keep("events", "states", "ages")
        region.run("group_ends")
        region.keep("last_members")
        if len(ranges) == 1:
            region.settle()
        return region.files


def _batches(table: str, files: Files, piece: int) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a table in its order. The memory of the rules is released by then."""
    if table == "events" and len(files.get(table, ())) > 1:
        folder = files[table][0].parent
        with _connection(folder) as connection:
            # Rows of events are wide.
            yield from _events(_Region(connection, folder, files), max(piece // 2, 1))
        return
    import pyarrow.parquet as pq

    # Ranges are in the order of resources, which is the order of these tables.
    for path in files.get(table, ()):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(_GROUP, use_threads=False)


def _events(region: _Region, piece: int) -> Iterator[pa.RecordBatch]:
    """Yields the events in their own order, which is not that of the ranges.

    Each part of the events is therefore read from all ranges.
    """
    import duckdb  # noqa: F401 - it adds the relations, which stream their rows

    connection = region.connection
    connection.execute("set TimeZone = 'UTC'")
    region.see_events()
    for one in cut(
        connection, "every_event", ("kind", "account_id", "resource_type", "resource_id"), piece
    ):
        one.choose(connection)
        yield from connection.sql(_ordered("events", f"told where {one.within}")).to_arrow_reader(
            _BATCH
        )


class _Region:
    """Runs the rules for a region and keeps the files that they write."""

    def __init__(self, connection: Any, folder: Path, files: Files | None = None) -> None:
        self.connection, self._folder, self.files = connection, folder, files or {}

    def run(self, rules: str) -> None:
        """Runs one file of rules."""
        for statement in _statements(rules):
            self.connection.execute(statement)

    def keep(self, *tables: str) -> None:
        """Writes tables to files, each with its rows in order."""
        for table in tables:
            files = self.files.setdefault(table, [])
            path = self._folder / f"{table}-{len(files):05d}.parquet"
            rows = _ordered(table) if table in HISTORY else table
            self.connection.execute(f"copy {rows} to {_quoted(path)} (row_group_size {_GROUP})")
            if table != "cells":  # later rules read it
                self.connection.execute(f"drop table {table}")
            files.append(path)

    def settle(self) -> None:
        """Replaces the events by those to keep, in order. They are of one range."""
        self.see_events()
        path = self._folder / "events.parquet"
        rows = _ordered("events", "told")
        self.connection.execute(f"copy {rows} to {_quoted(path)} (row_group_size {_GROUP})")
        self.files["events"] = [path]

    def see_events(self) -> None:
        """Makes the events readable, without exposures that end with another member."""
        self.see("every_event", self.files["events"])
        self.see("last_members", self.files["last_members"])
        self.connection.execute(f"create temp view told as {_TOLD}")

    def see(self, view: str, paths: Sequence[Path]) -> None:
        """Makes files readable as a view."""
        self.connection.execute(f"create or replace temp view {view} as from {_parquet(paths)}")


def _ordered(table: str, source: str = "") -> str:
    """Returns a query for the rows of a history table in its order."""
    names, order = ", ".join(HISTORY[table].names), _ORDER[table]
    return f"(select {names} from {source or table} order by {order})"  # noqa: S608 - our names


def _give(connection: Any, night: Night) -> None:
    """Creates the views and tables that the rules read.

    Views named ``every_…`` have all rows, the others those of the current range.
    """
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
        connection.execute(
            "insert into cell_states select unnest(?), unnest(?), unnest(?), unnest(?)",
            [list(column) for column in zip(*night.cells, strict=True)],
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
    """Makes parts readable as a view, which has no rows if there are no parts.

    Columns that parts of older versions lack get their defaults.
    """
    there = _columns(connection, paths) if paths else ()
    later = [
        f"cast({DEFAULTS.get((table, name), 'null')} as {kind}) as {name}"
        for name, kind in columns(table, DUCKDB) or ()
        if name not in there
    ]
    rows = f"from {_parquet(paths)}" if paths else "where false"
    names = ", ".join(["*", *later] if paths else later)
    connection.execute(f"create temp view {view} as select {names} {rows}")


def _columns(connection: Any, paths: Sequence[Path]) -> list[str]:
    found = connection.execute(f"from {_parquet(paths)} limit 0").description
    return [name for name, *_ in found]


def _statements(rules: str) -> Iterator[str]:
    text = (resources.files("sre_scanner.history") / f"{rules}.sql").read_text(encoding="utf-8")
    return (statement for statement in text.split(";\n") if statement.strip())


def _parquet(paths: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(map(_quoted, paths))}], hive_partitioning = false)"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
