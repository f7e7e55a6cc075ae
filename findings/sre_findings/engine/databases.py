"""The DuckDB database of an engine: in its own instance, or in an instance shared by all engines.

An instance takes 25 ms and ten threads, and has its own file cache. A server has one engine per
access scope, so its engines share an instance, in which another database takes half a millisecond
and no thread. Engines cannot see each other's tables, because only queries of the catalogue run
there, and these name no database. User-supplied SQL must run in an instance of its own.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Cursors = Callable[[], Any]
"""Creates cursors on the same tables, for concurrent threads."""
Room = Callable[[object], Cursors]
"""Provides a database for the tables of an engine, for as long as the engine exists."""


_RUNNING: dict[Any, int] = {}  # cursors with a query, and their threads


@contextlib.contextmanager
def interruptible(cursor: Any) -> Iterator[None]:
    """Lets ``interrupt`` stop the queries that this cursor runs during the block."""
    _RUNNING[cursor] = threading.get_ident()
    try:
        yield
    finally:
        _RUNNING.pop(cursor, None)


def interrupt(thread: int | None = None) -> None:
    """Stops the running queries of a thread, or of all; each raises DuckDB's InterruptException.

    A signal does not: DuckDB looks for signals only when a query has ended.
    """
    for cursor, runs_in in tuple(_RUNNING.items()):
        if thread in (None, runs_in):
            cursor.interrupt()


def own(_engine: object) -> Cursors:
    """Returns cursors of a new instance for this engine. It closes with the last cursor."""
    cursors: Cursors = _connect().cursor
    return cursors


def bounded(memory: str, folder: Path) -> Room:
    """Returns a Room with an instance per engine that uses one thread and limited memory.

    ``memory`` is a size such as "128MB". Data beyond it is written to ``folder``.
    """

    def room(_engine: object) -> Cursors:
        cursors: Cursors = _connect(
            memory_limit=memory, threads="1", temp_directory=str(folder)
        ).cursor
        return cursors

    return room


class SharedInstance:
    """One instance for many engines, opened when the first engine needs it.

    A database is removed with its engine. An engine exists as long as a query on it runs, so no
    query loses its tables.
    """

    def __init__(self) -> None:
        self._root: Any = None
        self._names = map("e{}".format, itertools.count())
        # reentrant: an engine can be finalized while the lock is held
        self._lock = threading.RLock()

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
        """Returns the bytes of memory that the tables of all engines use, without cached files."""
        with self._lock:
            if self._root is None:
                return 0
            tables = (
                "select coalesce(sum(memory_usage_bytes), 0) from duckdb_memory() where tag ="
                " 'IN_MEMORY_TABLE'"
            )
            return int(self._root.cursor().execute(tables).fetchone()[0])

    def forget(self) -> None:
        """Makes future engines use a new instance.

        After an internal error DuckDB rejects all further queries on the instance.
        """
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
                return  # the instance failed and is discarded as a whole


SHARED = SharedInstance()


def _connect(**config: str) -> Any:
    # Imported here because it takes 20 ms. The duckdb package itself takes another 100 ms, for
    # relations and expressions in Python that the queries do not need.
    import _duckdb as duckdb

    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            **config,
        }
    )
    # Days begin at midnight UTC. Cursors inherit only global settings.
    connection.execute("set global TimeZone = 'UTC'")
    # Otherwise every query reads the Parquet footers again: 3 ms of 10.
    connection.execute("set parquet_metadata_cache = true")
    return connection
