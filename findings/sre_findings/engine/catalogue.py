"""The protocol of engines that run the product's queries, and the catalogue of these queries.

A query is a SQL file in ``sre_findings/queries/sql``, in DuckDB's dialect, with ``:named``
parameters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, Protocol

Batch = list[dict[str, Any]]

PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


class Engine(Protocol):
    """Runs queries of the catalogue on the snapshots for which it was opened.

    Nothing is read before the first query. Every engine returns the same rows in the same
    order; a test checks this.
    """

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        """Yields the result in batches of limited size, with one dict per row.

        A list as a parameter matches any of its values. None means no filter.
        """
        ...

    def rows(self, query: str, **parameters: Any) -> Batch:
        """Returns the whole result."""
        return [row for batch in self.batches(query, **parameters) for row in batch]


SHARED = "+shared"
"""Ends the name of a query that also counts findings at the resources of ``:later``."""
_COUNTED = re.compile(r"\b((?:f\.)?)resource_index = 0")


@functools.cache
def catalogued(query: str) -> str:
    """Returns the SQL text of a query of the catalogue (see ``engine.shared_findings``)."""
    from importlib import resources

    if query.endswith(SHARED):
        later = (
            r"(\1resource_index = 0 or (\1resource_index > 0 and list_position(:later,"
            r" concat(\1finding_arn, ' ', cast(\1resource_index as varchar))) > 0))"
        )
        return _COUNTED.sub(later, catalogued(query.removesuffix(SHARED)))
    return (resources.files("sre_findings.queries") / "sql" / f"{query}.sql").read_text(
        encoding="utf-8"
    )
