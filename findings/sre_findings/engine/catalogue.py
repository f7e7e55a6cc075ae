"""What answers the catalogue's queries: one small Protocol, and the catalogue itself.

A query is a file in ``catalogue``, in DuckDB's dialect, with ``:named`` parameters; ``engines`` has
those who run it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Protocol

Batch = list[dict[str, Any]]

PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


class Engine(Protocol):
    """Runs queries of the catalogue over the snapshots that it was opened for; nothing is read
    before it is asked.

    Every engine gives the same rows in the same order; a test holds them to it.
    """

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """The result in batches of a bounded size, a dict a row. A list as a parameter means any of
        it, None no limit."""
        ...

    def rows(self, query: str, **parameters: Any) -> Batch:
        """The whole result."""
        return [row for batch in self.batches(query, **parameters) for row in batch]


@functools.cache
def catalogued(query: str) -> str:
    """The text of a query of the catalogue."""
    from importlib import resources

    return (resources.files("sre_findings.queries") / "sql" / f"{query}.sql").read_text(
        encoding="utf-8"
    )
