"""Where DuckDB's engines have their tables: an instance of one's own, or a database within one that
all engines share.

An instance costs 25 ms and ten threads, and caches files for itself. A server has an engine for
each access that asks, so these share one: a further database costs half a millisecond and no
thread. It sees no other's tables, for nothing but the catalogue's queries run there, and they name
no database. Whoever runs a stranger's SQL takes an instance of their own.
"""

from __future__ import annotations

import functools
import itertools
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cursors = Callable[[], Any]
"""Makes cursors that all see the same tables, for threads that ask at once."""
Room = Callable[[object], Cursors]
"""Makes place for the tables of an engine, for as long as the engine lives."""


def own(_engine: object) -> Cursors:
    """An instance for this engine alone; it ends with the last cursor."""
    cursors: Cursors = _connect().cursor
    return cursors


def bounded(memory: str, folder: Path) -> Room:
    """An instance for each engine that takes no more memory than so, as "128MB", and one thread;
    the rest goes to the folder."""

    def room(_engine: object) -> Cursors:
        cursors: Cursors = _connect(
            memory_limit=memory, threads="1", temp_directory=str(folder)
        ).cursor
        return cursors

    return room


class SharedInstance:
    """One instance for many engines. Nothing is opened before the first needs it; a database goes
    with its engine.

    An engine lives as long as a query on it runs, so that none loses its tables under way.
    """

    def __init__(self) -> None:
        self._root: Any = None
        self._names = map("e{}".format, itertools.count())
        self._lock = threading.RLock()  # an engine may end anywhere, here too

    def __call__(self, engine: object) -> Cursors:
        """See Room."""
        with self._lock:
            if self._root is None:
                self._root = _connect()
            root, name = self._root, next(self._names)
            root.execute(f"attach ':memory:' as {name}")
        weakref.finalize(engine, self._end, root, name).atexit = False
        return functools.partial(self._cursor, root, name)

    def held(self) -> int:
        """Bytes that the tables of all engines take. Files are read anew, and do not count."""
        with self._lock:
            if self._root is None:
                return 0
            tables = (
                "select coalesce(sum(memory_usage_bytes), 0) from duckdb_memory() where tag ="
                " 'IN_MEMORY_TABLE'"
            )
            return int(self._root.cursor().execute(tables).fetchone()[0])

    def forget(self) -> None:
        """Engines that come from now on get another instance: DuckDB refuses everything after an
        error of its own inside."""
        with self._lock:
            self._root = None

    def _cursor(self, root: Any, name: str) -> Any:
        with self._lock:
            cursor = root.cursor()
        cursor.execute(f"use {name}")
        return cursor

    def _end(self, root: Any, name: str) -> None:
        import _duckdb as duckdb

        with self._lock:
            try:
                root.execute(f"detach {name}")
            except duckdb.FatalException:
                return  # of an instance that broke: it goes as a whole


SHARED = SharedInstance()


def _connect(**config: str) -> Any:
    # DuckDB itself, 20 ms, only for those who ask Parquet. The package around it makes relations
    # and expressions in Python that no query of the catalogue needs, and takes another 100 ms.
    import _duckdb as duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **config,
        }
    )
    # days begin where they begin for everybody; a cursor inherits no other
    connection.execute("set global TimeZone = 'UTC'")
    # else every query reads the footers anew: 3 ms of its 10
    connection.execute("set parquet_metadata_cache = true")
    return connection
