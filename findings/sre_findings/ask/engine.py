"""DuckDB over the parts of one snapshot: the catalogue's queries, and nothing else.

The engine sees local files only: a folder store's own, or a copy of a bucket's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.snapshots import Commit, Snapshots

_TABLES = ("findings", "coverage", "resources", "details", "packages", "vulnerabilities", "events", "states", "cells", "ages")
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_BATCH = 2000


class Engine:
    """One connection to one snapshot. Opening costs 100 ms for the import; no part is read before it is asked."""

    def __init__(self, snapshots: Snapshots, commit: Commit, copies: Path) -> None:
        self._snapshots, self._commit, self._copies = snapshots, commit, copies

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """The whole result of a query of the catalogue, a dict a row."""
        return [row for batch in self.batches(query, **parameters) for row in batch]

    def batches(self, query: str, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        """The result in batches of a bounded size."""
        import duckdb  # noqa: PLC0415 - 100 ms, only for those who ask Parquet

        text = statement(query)
        try:
            cursor = self._connection.cursor().execute(text, _used(text, parameters))
            names = [column[0] for column in cursor.description or ()]
            while rows := cursor.fetchmany(_BATCH):
                yield [dict(zip(names, row, strict=True)) for row in rows]
        except duckdb.Error as error:
            do = "Run: sre-cli snapshots verify."
            raise StoreUnreadable(f"snapshot {self._commit.snapshot_id} cannot be read", why=_first_line(error), do=do) from error

    @functools.cached_property
    def _connection(self) -> Any:
        import duckdb  # noqa: PLC0415

        connection = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
        parts = list(self._snapshots.manifest(self._commit).parts)
        for table in _TABLES:
            paths = [self._snapshots.part(self._commit, p, self._copies) for p in parts if p.key.startswith(f"{table}/")]
            if not paths:
                continue
            source = f"read_parquet({_list(paths)}, hive_partitioning = false)"
            connection.execute(f"create view {table} as select * from {source}")  # noqa: S608 - our names, quoted paths
        return connection


@functools.cache
def statement(query: str) -> str:
    """A query of the catalogue as DuckDB takes it: ``:name`` becomes ``$name``."""
    text = (resources.files("sre_findings.ask") / "catalogue" / f"{query}.sql").read_text(encoding="utf-8")
    return _PARAMETER.sub(r"$\1", text)


def _used(text: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the text names; DuckDB refuses others."""
    return {name: value for name, value in parameters.items() if f"${name}" in text}


def _list(paths: Sequence[Path]) -> str:
    """Paths as a SQL list; quotes doubled, as SQL escapes them."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
