"""DuckDB in this process, on local files: the default engine and the reference for the others."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sre_findings.engine.catalogue import PARAMETER, Batch, Engine, catalogued
from sre_findings.engine.databases import Cursors, Room, SharedInstance, interruptible, own
from sre_findings.engine.older_tables import absent, names_of
from sre_findings.engine.row_access import Seen, seen
from sre_findings.engine.shared_findings import counted
from sre_findings.engine.tables import HISTORY, Tables
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.objects.part_checks import is_unchanged
from sre_findings.store.schema.column_types import DUCKDB, columns
from sre_findings.store.snapshots.reader import Commit, Snapshots

_BATCH = 2000
_ANY_OF = re.compile(r"list_contains\(:([a-z_]+), ([a-z_.]+|coalesce\([a-z_.]+, ''\))\)")
# Tables with less Parquet than this (bytes) are loaded: a query takes a third of the time.
_SMALL = 512 * 1024
_FEW = 10**6  # rows: equal ones are compressed to almost nothing


class DuckDB(Engine):
    """One connection to some snapshots, restricted to the access of a client.

    Opening it takes 20 ms for the import. A table's files are fetched when a query first needs
    them. Threads may query concurrently: each has its own cursor, and a lock protects the
    creation of views. ``room`` determines whether the DuckDB instance is shared with other
    engines.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        commits: Sequence[Commit],
        copies: Copies,
        access: Access = EVERYTHING,
        room: Room = own,
    ) -> None:
        self.tables, self._copies, self._access, self._room = (
            Tables(snapshots, commits),
            copies,
            access,
            room,
        )
        self._read: dict[str, list[Path]] = {}  # files of the tables that were queried so far
        self._views: set[str] = set()
        self._in_place: set[str] = set()  # tables that are not loaded
        self._making = threading.RLock()
        self._idle: list[
            Any
        ] = []  # reusable cursors: creating one takes as long as querying a small table

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """See Engine."""
        import _duckdb as duckdb

        query, parameters = counted(self, query, parameters)
        text, used = statement(query), _used(query, parameters)
        begun, tried = False, 0
        while True:
            try:
                for batch in self._run(text, used):
                    begun = True
                    yield batch
            except (duckdb.Error, UnicodeDecodeError) as error:  # its message may quote the file
                tried += 1
                if isinstance(error, duckdb.FatalException):
                    self._begin_anew()
                if self._bad_copies() and not begun and tried == 1:
                    continue  # fetch them again, once
                do = "Run: sre-cli snapshots verify."
                raise StoreUnreadable(
                    f"{self.tables.described} cannot be read", why=first_line(error), do=do
                ) from error
            return

    def _run(self, text: str, parameters: dict[str, Any]) -> Iterator[Batch]:
        cursor, idle = self._ready(self.tables.read_by(text))
        with interruptible(cursor):
            cursor.execute(text, parameters)
        names = [column[0] for column in cursor.description or ()]
        while rows := cursor.fetchmany(_BATCH):
            yield [dict(zip(names, row, strict=True)) for row in rows]
        idle.append(cursor)

    def connect(self, tables: Iterable[str]) -> Any:
        """Returns a cursor with a view of each table. Small tables are loaded into memory."""
        with self._making:
            for table in tables:
                self._make(table)
            return self._cursors()

    def _ready(self, tables: Sequence[str]) -> tuple[Any, list[Any]]:
        """Returns a cursor like ``connect``, reusing an idle one, and the list to return it to.

        If a file changed since it was verified, all files are verified again.
        """
        with self._making:
            if not all(map(is_unchanged, self._read_in_place(tables))):
                self._forget()
            for table in tables:
                self._make(table)
            return self._idle.pop() if self._idle else self._cursors(), self._idle

    def _make(self, table: str) -> None:
        """Creates the view of a table, unless it exists or its columns are unknown.

        The helper selects are stored as tables. Otherwise every query about one finding
        would scan all findings, which would take most of its time.
        """
        if table in self._views or not (source := self._source(table)):
            return
        view = self._needed(seen(table, source, self._access))
        for one in view.reads:
            self._make(one)
        with interruptible(self._connection):
            self._create(table, view)

    def _create(self, table: str, view: Seen) -> None:
        for name, select in view.helpers.items():
            self._connection.execute(f"create or replace table {name} as {select}")
        select = self._ordered(view) if view.order else view.select
        parts = [part for _, part in self.tables.parts(table)]
        small = sum(one.bytes for one in parts) < _SMALL and sum(one.rows for one in parts) < _FEW
        self._connection.execute(f"create {'table' if small else 'view'} {table} as {select}")
        self._views.add(table)
        if not small:
            self._in_place.add(table)

    def _read_in_place(self, tables: Iterable[str]) -> Iterator[Path]:
        """Returns the files of the tables that were not loaded: each query reads them."""
        return (path for one in tables if one in self._in_place for path in self._read[one])

    def _needed(self, view: Seen) -> Seen:
        """Returns the selects of a view, or only its plain one if that is equivalent."""
        if not view.unless:
            return view
        self._make(view.reads[0])
        return view if self._has_rows(view.unless) else Seen(view.plain)

    def _ordered(self, view: Seen) -> str:
        """Returns a select in the order of the parts.

        This is the plain select if it is equivalent, and otherwise one that sorts.
        """
        helps = any(self._has_rows(name) for name in view.helpers)
        return f"{view.select} order by {view.order}" if helps else view.plain

    def _has_rows(self, table: str) -> bool:
        found = self._connection.execute(f"select 1 from {table} limit 1").fetchone()  # noqa: S608 - our own names
        return found is not None

    @property
    def files(self) -> list[Path]:
        """The files of the views created so far."""
        return [path for paths in self._read.values() for path in paths]

    def _bad_copies(self) -> bool:
        """Returns whether copies were damaged after they were verified.

        These copies are removed, and so are all views.
        """
        with self._making:
            if not self._copies.recheck(self.files):
                return False
            self._forget()
            return True

    def _begin_anew(self) -> None:
        """Discards a failed instance, which would reject every further query."""
        if isinstance(self._room, SharedInstance):
            self._room.forget()
        with self._making:
            self._forget()

    def _forget(self) -> None:
        """Discards every view and the connection."""
        self._read.clear()
        self._views.clear()
        self._in_place.clear()
        self._idle = []  # cursors in use belong to the discarded connection
        self.__dict__.pop("_connection", None)
        self.__dict__.pop("_cursors", None)

    @functools.cached_property
    def _cursors(self) -> Cursors:
        return self._room(self)

    @functools.cached_property
    def _connection(self) -> Any:
        return self._cursors()

    def _source(self, table: str) -> str | None:
        """Returns the select for a table, or None if its columns are unknown.

        The select returns no rows if no snapshot has files of the table.
        """
        if parts := self.tables.parts(table):
            paths = self._read[table] = self._copies.paths(self.tables.snapshots, parts)
            # Snapshots can differ in their columns: older ones lack those added later.
            by_name = str(table in HISTORY).lower()
            later = "".join(
                f", {value}::{kind} as {name}" for name, kind, value in absent(table, parts, DUCKDB)
            )
            options = f"hive_partitioning = false, union_by_name = {by_name}"
            return f"select *{later} from read_parquet({quoted(paths)}, {options})"  # noqa: S608 - quoted
        self._read[table] = []
        if table == "names" and (names := names_of(self.tables.newest, self._within)):
            return names
        if known := columns(table, DUCKDB):
            return (
                f"select {', '.join(f'null::{kind} as {name}' for name, kind in known)} where false"
            )
        return None

    def _within(self, table: str) -> str | None:
        """Returns the SQL for a table in the ``from`` clause of another select."""
        return f"({source})" if (source := self._source(table)) else None


@functools.cache
def statement(query: str) -> str:
    """Returns a query of the catalogue in DuckDB's syntax: ``:name`` becomes ``$name``.

    For ``list_contains`` with more than a few values DuckDB uses a join, which loses the order
    of the parts, so it is replaced with ``list_position``.
    """
    return PARAMETER.sub(r"$\1", _ANY_OF.sub(r"(list_position(:\1, \2) > 0)", catalogued(query)))


def _used(query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns the parameters that the query names. DuckDB rejects any others."""
    named = {*PARAMETER.findall(catalogued(query))}
    return {name: value for name, value in parameters.items() if name in named}


def quoted(paths: Sequence[Path]) -> str:
    """Returns paths as a SQL list, with quotes doubled."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def first_line(error: Exception) -> str:
    """Returns the first line of DuckDB's message, without the query excerpt that follows."""
    return str(error).splitlines()[0]
