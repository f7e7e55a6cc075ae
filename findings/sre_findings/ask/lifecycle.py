"""The life of findings: one region's night against the last known state of each, told as events.

The rules are SQL, in ``nightly``; this runs them. A night never resolves what it did not reach; what it cannot explain ends as
``unknown``, never as ``patched``.

A region is taken in pieces of some resources each (see ``pieces``), so that a million findings take no more memory than fifty
thousand. What a piece leaves lies in Parquet files of a temporary folder until it is asked for.
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

from sre_findings.ask.pieces import cut, regrouped
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.columns import DUCKDB, columns
from sre_findings.store.fields import DEFAULTS
from sre_findings.store.schema import HISTORY, TABLES

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
_HERE = """(resource_id >= getvariable('first_0') or (resource_id is null and getvariable('first_0') = ''))
    and (getvariable('end_0') is null or resource_id < getvariable('end_0')
         or (resource_id is null and getvariable('first_0') = ''))"""
_ROWS = """(select coalesce(resource_id, '') as resource_id from every_tonight_findings
    union all select resource_id from every_before)"""
_TOLD = """select * from every_event as e where kind <> 'exposure_ended'
    or exists (from last_members as m where m.type = e.type and m.finding_key = e.finding_key)"""


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


def live_through(night: Night, folder: Path, piece: int = PIECE) -> Iterator[tuple[str, Iterator[pa.Table]]]:
    """The tables of HISTORY that follow from the night, by name; ``folder`` is for what does not fit in memory.

    Take each table's batches before the next. ``piece`` bounds the memory and changes no row. Raises StoreUnreadable where
    DuckDB cannot: a part is damaged, or the disk is full.
    """
    import duckdb  # noqa: PLC0415 - 100 ms, only for who needs it

    with tempfile.TemporaryDirectory(prefix="pieces-", dir=folder) as name:
        try:
            with closing(duckdb.connect(config=_options(Path(name)))) as connection:
                region = _Region(connection, night, Path(name))
                region.live(piece)
                for table, schema in HISTORY.items():
                    yield table, regrouped(region.batches(table, schema, piece), schema, _BATCH)
        except duckdb.Error as error:
            why, do = str(error).splitlines()[0], "Look at the disk for temporary files; run: sre-cli snapshots verify."
            raise StoreUnreadable(f"the history of {night.region} cannot be made", why=why, do=do) from error


def _options(folder: Path) -> dict[str, Any]:
    return {
        "memory_limit": MEMORY, "threads": "1", "temp_directory": str(folder), "max_temp_directory_size": SPILL,
        "disabled_optimizers": "join_order",  # it makes hash tables of the large sides of the rules' joins
        "allocator_flush_threshold": "8MB", "enable_external_file_cache": "false",
    }  # fmt: skip


class _Region:
    """The night of one region: every piece joined with what was known, then every piece lived through."""

    def __init__(self, connection: Any, night: Night, folder: Path) -> None:
        self._connection, self._night, self._folder = connection, night, folder
        self._files: dict[str, list[Path]] = {}

    def live(self, piece: int) -> None:
        """Runs the rules."""
        _give(self._connection, self._night)
        self._run("region")
        ranges = [*cut(self._connection, _ROWS, ("resource_id",), piece)]
        for one in ranges:
            one.choose(self._connection)
            self._run("joined")
            self._keep("joined", "held", "exposed")
        self._run("bulk")
        if ranges:
            self._see("every_held", self._files["held"])
            self._see("every_exposed", self._files["exposed"])
        for number, one in enumerate(ranges):
            one.choose(self._connection)
            self._see("joined", [self._files["joined"][number]])
            self._run("lived")
            self._keep("events", "states", "ages")
        self._run("ended")

    def batches(self, table: str, schema: pa.Schema, piece: int) -> Iterator[pa.RecordBatch]:
        """The rows of a table in its order."""
        if table == "cells":
            yield from self._read("cells_now", table)
        elif table == "events":
            yield from self._events(piece)
        else:
            for path in self._files.get(table, ()):  # resources that follow on each other: the order of pieces is the table's
                yield from self._stored(path, schema)

    def _stored(self, path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of a file, in its order. Arrow reads it in less memory than DuckDB."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - see live_through

        with pq.ParquetFile(path, memory_map=False) as file:
            yield from file.iter_batches(_GROUP, columns=schema.names, use_threads=False)

    def _events(self, piece: int) -> Iterator[pa.RecordBatch]:
        """Events come in another order than the pieces do: each range of theirs is read from all pieces."""
        if not (paths := self._files.get("events")):
            return
        self._see("every_event", paths)
        self._connection.execute(f"create temp view told as {_TOLD}")
        keys = ("kind", "account_id", "resource_type", "resource_id")
        for one in cut(self._connection, "every_event", keys, piece):
            one.choose(self._connection)
            yield from self._read(f"told where {one.within}", "events")

    def _read(self, source: str, table: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.sql(_ordered(table, source)).to_arrow_reader(_BATCH)

    def _run(self, rules: str) -> None:
        for statement in _statements(rules):
            self._connection.execute(statement)

    def _keep(self, *tables: str) -> None:
        """Writes what a piece left into files, and forgets it."""
        for table in tables:
            files = self._files.setdefault(table, [])
            path = self._folder / f"{table}-{len(files):05d}.parquet"
            rows = _ordered(table) if table in HISTORY else table
            self._connection.execute(f"copy {rows} to {_quoted(path)} (row_group_size {_GROUP})")
            self._connection.execute(f"drop table {table}")
            files.append(path)

    def _see(self, view: str, paths: Sequence[Path]) -> None:
        self._connection.execute(f"create or replace temp view {view} as from read_parquet([{', '.join(map(_quoted, paths))}])")


def _ordered(table: str, source: str = "") -> str:
    """The rows of a table of HISTORY in its order."""
    return f"(select {', '.join(HISTORY[table].names)} from {source or table} order by {_ORDER[table]})"  # noqa: S608 - our names


def _give(connection: Any, night: Night) -> None:
    """The views and tables that the rules read; ``every_`` of those that they read by piece."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set parquet_metadata_cache = true")
    connection.execute("create temp table night (snapshot_id text, began timestamptz, partition text, region text)")
    connection.execute("insert into night values (?, ?, ?, ?)", [night.snapshot_id, night.at, night.partition, night.region])
    connection.execute("create temp table cells (account_id text, resource_type text, scan_type text, state text)")
    if night.cells:
        connection.executemany("insert into cells values (?, ?, ?, ?)", [list(cell) for cell in night.cells])
    for name in ("packages", "coverage", "resources"):
        _view(connection, f"tonight_{name}", night.parts.get(name, ()), name)
    _view(connection, "vulnerabilities", night.vulnerabilities, "vulnerabilities")
    _view(connection, "cells_before", night.before.get("cells", ()), "cells")
    _view(connection, "packages_before", night.before.get("packages", ()), "packages")
    for view, paths, name in (
        ("tonight_findings", night.parts.get("findings", ()), "findings"), ("closed", night.closed, "closed"),
        ("before", night.before.get("states", ()), "states"), ("findings_before", night.before.get("findings", ()), "findings"),
    ):  # fmt: skip
        _view(connection, f"every_{view}", paths, name)
        connection.execute(f"create temp view {view} as select * from every_{view} where {_HERE}")  # noqa: S608 - ours


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


def _statements(rules: str) -> Iterator[str]:
    text = (resources.files("sre_findings.ask") / "nightly" / f"{rules}.sql").read_text(encoding="utf-8")
    return (statement for statement in text.split(";\n") if statement.strip())


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
