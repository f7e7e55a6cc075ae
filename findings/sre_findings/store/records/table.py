"""The table for small rows: one protocol, implemented for SQLite here and for DynamoDB."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sre_findings.model.errors import StoreUnreadable

PARTITION_BYTES, SORT_BYTES = 2048, 1024
LAST = "\U0010ffff"  # sorts after every key


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its partition, its sort key and plain JSON values. ``expires`` is in epoch seconds.

    Key sizes are limited to what every table accepts: 1 to 2,048 bytes of UTF-8 for the
    partition and 1 to 1,024 for the sort key (DynamoDB developer guide, "Constraints"). Raises
    ValueError for a key outside these limits.
    """

    partition: str
    sort: str
    values: Mapping[str, Any]
    expires: int | None = None

    def __post_init__(self) -> None:
        for name, key, limit in (
            ("partition", self.partition, PARTITION_BYTES),
            ("sort", self.sort, SORT_BYTES),
        ):
            if not 1 <= len(key.encode()) <= limit:
                raise ValueError(f"a {name} key has 1 to {limit} bytes")


RECOUNT = "Run: sre-cli snapshots rebuild --all."


@contextlib.contextmanager
def decoding(do: str) -> Iterator[None]:
    """Raises StoreUnreadable for a row with other values than the product writes.

    ``do`` says what to do then. A damaged row is never taken for a missing one.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise StoreUnreadable("a row of the table is damaged", why=why, do=do) from error


class Table(Protocol):
    """Rows by partition and sort key, in the order of the sort key's UTF-8 bytes.

    I/O errors are raised as StoreUnreadable. Expired rows may still be returned, so readers
    check ``expires``.
    """

    def put(self, rows: Iterable[Row]) -> None:
        """Writes rows, replacing those with the same keys.

        The write is not a transaction. To signal that all rows are written, write a marker
        row last.
        """
        ...

    def create(self, row: Row) -> bool:
        """Writes the row if its key is free, atomically among all writers.

        Returns False if the key already exists.
        """
        ...

    def replace(self, old: Row, new: Row) -> bool:
        """Writes ``new``, which has the keys of ``old``, if the table still has the values of
        ``old``, atomically among all writers.

        Returns False if they have changed, or if the row no longer exists.
        """
        ...

    def remove(self, partition: str, sort: str) -> None:
        """Removes the row if it exists."""
        ...

    def query(
        self, partition: str, first: str = "", last: str = LAST, *, newest: int | None = None
    ) -> Iterator[Row]:
        """Yields the partition's rows from ``first`` to ``last``, both included, in order.

        With ``newest``, yields at most that many rows from the end, last first.
        """
        ...

    def query_each(
        self, partition: str, ranges: Sequence[tuple[str, str]], *, newest: int | None = None
    ) -> Iterable[list[Row]]:
        """Returns the rows of each range, in the order of the ranges (see ``query``).

        Hundreds of ranges take little longer than a few.
        """
        ...


_SCHEMA = """create table if not exists rows (
    partition text not null, sort text not null, body text not null, expires integer,
    primary key (partition, sort)
) without rowid"""
# The table is missing if another process is just creating the file.
_EXISTS = "select 1 from sqlite_master where name = 'rows'"
_PUT = "insert or replace into rows values (?, ?, ?, ?)"
_CREATE = "insert or ignore into rows values (?, ?, ?, ?)"
_REPLACE = "update rows set body = ?, expires = ? where partition = ? and sort = ? and body = ?"
_REMOVE = "delete from rows where partition = ? and sort = ?"
_QUERY = (
    "select sort, body, expires from rows where partition = ? and sort between ? and ? order by"
    " sort"
)

_Found = tuple[str, str, int | None]


class SqliteTable:
    """A table in one SQLite file, which is created when the first row is written.

    Reading a file that does not exist returns no rows.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()

    def put(self, rows: Iterable[Row]) -> None:
        """See Table. Here the write is one transaction."""
        with self._open(write=True) as connection:
            connection.executemany(_PUT, map(_record, rows))

    def create(self, row: Row) -> bool:
        """See Table."""
        with self._open(write=True) as connection:
            return connection.execute(_CREATE, _record(row)).rowcount == 1

    def replace(self, old: Row, new: Row) -> bool:
        """See Table."""
        partition, sort, body, expires = _record(new)
        with self._open(write=True) as connection:
            values = (body, expires, partition, sort, _record(old)[2])
            return connection.execute(_REPLACE, values).rowcount == 1

    def remove(self, partition: str, sort: str) -> None:
        """See Table."""
        with self._open(write=True) as connection:
            connection.execute(_REMOVE, (partition, sort))

    def query(
        self, partition: str, first: str = "", last: str = LAST, *, newest: int | None = None
    ) -> Iterator[Row]:
        """See Table."""
        for rows in self.query_each(partition, [(first, last)], newest=newest):
            yield from rows

    def query_each(
        self, partition: str, ranges: Sequence[tuple[str, str]], *, newest: int | None = None
    ) -> Iterator[list[Row]]:
        """See Table. Here all ranges are read at the same point in time."""
        for rows in self._found(partition, ranges, newest):
            yield [Row(partition, sort, json.loads(body), expires) for sort, body, expires in rows]

    def _found(
        self, partition: str, ranges: Sequence[tuple[str, str]], newest: int | None
    ) -> list[list[_Found]]:
        if not self._is_there():
            return [[] for _ in ranges]
        text, limit = (_QUERY, ()) if newest is None else (f"{_QUERY} desc limit ?", (newest,))
        with self._open(write=False) as connection:
            if not connection.execute(_EXISTS).fetchone():
                return [[] for _ in ranges]
            return [
                connection.execute(text, (partition, *some, *limit)).fetchall() for some in ranges
            ]

    @contextlib.contextmanager
    def _open(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """Opens a connection for one operation, because processes share the file."""
        # not "ro": a reader must be able to roll back an unfinished write of a killed process
        mode = "rwc" if write else "rw"
        try:
            if write:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            with (
                self._lock,
                contextlib.closing(
                    sqlite3.connect(
                        f"{self._path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30
                    )
                ) as connection,
                connection,
            ):
                if write:
                    connection.execute(_SCHEMA)
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from error

    def _is_there(self) -> bool:
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unreadable(error) from error
        return True

    def _unreadable(self, error: Exception) -> StoreUnreadable:
        do = "Check SRE_TABLE, the disk and the file's permissions."
        return StoreUnreadable(f"cannot use the table {self._path}", why=str(error), do=do)


def _record(row: Row) -> tuple[str, str, str, int | None]:
    return row.partition, row.sort, json.dumps(row.values, separators=(",", ":")), row.expires
