"""DuckDB in this process, over local files: the default engine, and the reference for all
others."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sre_findings.engine.catalogue import PARAMETER, Batch, Engine, catalogued
from sre_findings.engine.databases import Cursors, Room, SharedInstance, own
from sre_findings.engine.older_tables import absent, names_of
from sre_findings.engine.row_access import Seen, seen
from sre_findings.engine.tables import HISTORY, Tables
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.schema.column_types import DUCKDB, columns
from sre_findings.store.snapshots.reader import Commit, Snapshots

_BATCH = 2000
_ANY_OF = re.compile(r"list_contains\(:([a-z_]+), ([a-z_.]+)\)")
# bytes of Parquet that are kept in memory as they are: asking them costs a third of asking the file
_SMALL = 512 * 1024


class DuckDB(Engine):
    """One connection to some snapshots, as a caller may see them. Opening costs 20 ms for the
    import; a table's files are fetched once it is named.

    Threads may ask at once: each has a cursor of its own, and views are made by one of them.
    ``room`` says whether others share the instance of DuckDB.
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
        self._read: dict[str, list[Path]] = {}  # the files behind each table that was looked at
        self._views: set[str] = set()
        self._making = threading.RLock()
        self._idle: list[Any] = []  # cursors: to make one takes as long as to ask a small table

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """See Engine."""
        import _duckdb as duckdb

        text, used = statement(query), _used(query, parameters)
        begun, tried = False, 0
        while True:
            try:
                for batch in self._run(text, used):
                    begun = True
                    yield batch
            except duckdb.Error as error:
                tried += 1
                if isinstance(error, duckdb.FatalException):
                    self._begin_anew()
                if self._bad_copies() and not begun and tried == 1:
                    continue  # they are fetched again, once
                do = "Run: sre-cli snapshots verify."
                raise StoreUnreadable(
                    f"{self.tables.described} cannot be read", why=first_line(error), do=do
                ) from error
            return

    def _run(self, text: str, parameters: dict[str, Any]) -> Iterator[Batch]:
        cursor, idle = self._ready(self.tables.read_by(text))
        cursor.execute(text, parameters)
        names = [column[0] for column in cursor.description or ()]
        while rows := cursor.fetchmany(_BATCH):
            yield [dict(zip(names, row, strict=True)) for row in rows]
        idle.append(cursor)

    def connect(self, tables: Iterable[str]) -> Any:
        """A connection with a view for each of the tables; a small one is read once and stays."""
        with self._making:
            for table in tables:
                self._make(table)
            return self._cursors()

    def _ready(self, tables: Iterable[str]) -> tuple[Any, list[Any]]:
        """The same, one that was used before where there is one, and where to leave it."""
        with self._making:
            for table in tables:
                self._make(table)
            return self._idle.pop() if self._idle else self._cursors(), self._idle

    def _make(self, table: str) -> None:
        """The view of a table, unless it is there, or nobody knows its columns. What it reads of
        others is kept as a table: a scan of all findings for every question about one would take
        most of the answer's time."""
        if table in self._views or not (source := self._source(table)):
            return
        view = seen(table, source, self._access)
        for one in view.reads:
            self._make(one)
        for name, select in view.helpers.items():
            self._connection.execute(f"create or replace table {name} as {select}")
        select = self._ordered(view) if view.order else view.select
        small = sum(part.bytes for _, part in self.tables.parts(table)) < _SMALL
        self._connection.execute(f"create {'table' if small else 'view'} {table} as {select}")
        self._views.add(table)

    def _ordered(self, view: Seen) -> str:
        """A select in the order of the parts: the plain one where it says the same, else one that
        sorts."""
        helps = (
            self._connection.execute(f"select 1 from {name} limit 1").fetchone()  # noqa: S608 - our own names
            for name in view.helpers
        )
        return f"{view.select} order by {view.order}" if any(helps) else view.plain

    @property
    def files(self) -> list[Path]:
        """The files behind the views that were made so far."""
        return [path for paths in self._read.values() for path in paths]

    def _bad_copies(self) -> bool:
        """Whether copies went bad since they were checked. They are gone then, and so are the views
        of them."""
        with self._making:
            if not self._copies.recheck(self.files):
                return False
            self._forget()
            return True

    def _begin_anew(self) -> None:
        """Leaves an instance that broke: it would answer nothing any more."""
        if isinstance(self._room, SharedInstance):
            self._room.forget()
        with self._making:
            self._forget()

    def _forget(self) -> None:
        """Every view, and where they were."""
        self._read.clear()
        self._views.clear()
        self._idle = []  # those in use belong to what is left behind
        self.__dict__.pop("_connection", None)
        self.__dict__.pop("_cursors", None)

    @functools.cached_property
    def _cursors(self) -> Cursors:
        return self._room(self)

    @functools.cached_property
    def _connection(self) -> Any:
        return self._cursors()

    def _source(self, table: str) -> str | None:
        """The select behind a table; without rows where no snapshot has a file of it, None where
        nobody knows its columns."""
        if parts := self.tables.parts(table):
            paths = self._read[table] = self._copies.paths(self.tables.snapshots, parts)
            # Nights may differ in their columns: an older one lacks those that came later.
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
        """What stands for a table within another one's select."""
        return f"({source})" if (source := self._source(table)) else None


@functools.cache
def statement(query: str) -> str:
    """A query of the catalogue as DuckDB takes it: ``:name`` becomes ``$name``.

    Of ``list_contains`` with more than a few values DuckDB makes a join, and loses the order of the
    parts.
    """
    return PARAMETER.sub(r"$\1", _ANY_OF.sub(r"(list_position(:\1, \2) > 0)", catalogued(query)))


def _used(query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the query names; DuckDB refuses others."""
    named = {*PARAMETER.findall(catalogued(query))}
    return {name: value for name, value in parameters.items() if name in named}


def quoted(paths: Sequence[Path]) -> str:
    """Paths as a SQL list; quotes doubled, as SQL escapes them."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def first_line(error: Exception) -> str:
    """What DuckDB says, without the picture of the query that follows."""
    return str(error).splitlines()[0]
