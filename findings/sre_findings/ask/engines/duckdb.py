"""DuckDB in this process, over local files: the default engine, and the reference for all others."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sre_findings.ask.engine import PARAMETER, Batch, Engine, catalogued
from sre_findings.ask.engines.tables import HISTORY, Tables
from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.columns import DUCKDB, columns
from sre_findings.store.snapshots import Commit, Snapshots

_BATCH = 2000


class DuckDB(Engine):
    """One connection to some snapshots. Opening costs 100 ms for the import; a table's files are fetched once it is named."""

    def __init__(self, snapshots: Snapshots, commits: Sequence[Commit], copies: Path) -> None:
        self._tables, self._copies = Tables(snapshots, commits), copies
        self._views: set[str] = set()

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """See Engine."""
        import duckdb  # noqa: PLC0415 - 100 ms, only for those who ask Parquet

        text = statement(query)
        try:
            self._make_views(text)
            cursor = self._connection.cursor().execute(text, _used(query, parameters))
            names = [column[0] for column in cursor.description or ()]
            while rows := cursor.fetchmany(_BATCH):
                yield [dict(zip(names, row, strict=True)) for row in rows]
        except duckdb.Error as error:
            do = "Run: sre-cli snapshots verify."
            raise StoreUnreadable(f"{self._tables.described} cannot be read", why=_first_line(error), do=do) from error

    @functools.cached_property
    def _connection(self) -> Any:
        import duckdb  # noqa: PLC0415

        connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
        connection.execute("set TimeZone = 'UTC'")  # days begin where they begin for everybody
        return connection

    def _make_views(self, text: str) -> None:
        """A view for each table that the text names and no earlier one named."""
        for table in self._tables.named_in(text):
            if table not in self._views and (source := self._source(table)):
                self._connection.execute(f"create view {table} as {source}")
                self._views.add(table)

    def _source(self, table: str) -> str | None:
        """The select behind a table; without rows where no snapshot has a file of it, None where nobody knows its columns."""
        snapshots, parts = self._tables.snapshots, self._tables.parts(table)
        if parts:
            paths = [snapshots.part(commit, part, self._copies) for commit, part in parts]
            # Nights may differ in their columns: an older one lacks those that came later.
            by_name = str(table in HISTORY).lower()
            return f"select * from read_parquet({_list(paths)}, hive_partitioning = false, union_by_name = {by_name})"  # noqa: S608 - quoted
        if known := columns(table, DUCKDB):
            return f"select {', '.join(f'null::{kind} as {name}' for name, kind in known)} where false"
        return None


@functools.cache
def statement(query: str) -> str:
    """A query of the catalogue as DuckDB takes it: ``:name`` becomes ``$name``."""
    return PARAMETER.sub(r"$\1", catalogued(query))


def _used(query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the query names; DuckDB refuses others."""
    named = {*PARAMETER.findall(catalogued(query))}
    return {name: value for name, value in parameters.items() if name in named}


def _list(paths: Sequence[Path]) -> str:
    """Paths as a SQL list; quotes doubled, as SQL escapes them."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
