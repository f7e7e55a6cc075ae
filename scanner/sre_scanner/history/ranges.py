"""Ranges of sort keys, for rows that do not fit in memory.

Each range holds as many whole keys as fit into a number of rows. Of sorted Parquet files only the
parts that can contain a range are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[str, ...]
_FETCHED = 10_000


@dataclass(frozen=True, slots=True)
class Range:
    """The rows with keys from ``first`` up to but not including ``end``.

    An ``end`` of None is the end of all rows.
    """

    columns: Sequence[str]
    first: Key
    end: Key | None

    def choose(self, connection: Any) -> None:
        """Makes this the range for queries and views that use :attr:`within` as a condition."""
        for place in range(len(self.columns)):
            connection.execute(f"set variable first_{place} = $value", {"value": self.first[place]})
            connection.execute(
                f"set variable end_{place} = $value",
                {"value": self.end[place] if self.end else None},
            )

    @property
    def within(self) -> str:
        """The SQL condition.

        Columns with one value in the whole range are compared separately, so that files can be
        skipped by their statistics.
        """
        same = _alike(self.first, self.end)
        alone = [
            f"{column} = getvariable('first_{place}')"
            for place, column in enumerate(self.columns[:same])
        ]
        rest = [*enumerate(self.columns)][same:]
        found = [*alone, _beyond(rest, "first", ">", ">=")]
        if self.end:
            found += [_beyond(rest, "end", "<", "<")]
            found += [
                f"{column} between getvariable('first_{place}') and getvariable('end_{place}')"
                for place, column in rest[:1]
            ]
        return " and ".join(found)


def _beyond(columns: Sequence[tuple[int, str]], bound: str, sign: str, last: str) -> str:
    """Returns a condition that compares several columns with the values of a bound.

    The first column is the most significant.
    """
    (place, column), *rest = columns
    value = f"getvariable('{bound}_{place}')"
    if not rest:
        return f"{column} {last} {value}"
    return (
        f"({column} {sign} {value} or ({column} = {value} and {_beyond(rest, bound, sign, last)}))"
    )


def _alike(first: Key, end: Key | None) -> int:
    """Returns the number of leading columns that have the same value at both ends."""
    pairs = zip(first, end or (), strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), len(end or ()))


def cut(connection: Any, source: str, columns: Sequence[str], rows: int) -> list[Range]:
    """Divides the rows of a source into ranges of at most ``rows`` rows.

    A range has more if a single key has more. Returns them in the order of the keys.
    """
    names = ", ".join(columns)
    found = connection.execute(
        f"select {names}, count(*) from {source} group by all order by {names}"  # noqa: S608 - our own names
    )
    starts: list[Key] = []
    held = rows
    while batch := found.fetchmany(_FETCHED):
        for *key, count in batch:
            if held + count > rows:
                starts.append(tuple(key))
                held = 0
            held += count
    return [Range(columns, one, end) for one, end in zip_longest(starts, starts[1:])]


def regrouped(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int
) -> Iterator[pa.Table]:
    """Yields the same rows with the types of the schema, in tables of ``rows`` rows each.

    The last table can have fewer rows.
    """
    import pyarrow as pa

    held: list[pa.Table] = []
    missing = rows
    for batch in batches:
        table = pa.Table.from_batches([batch]).cast(schema)
        while len(table) >= missing:
            yield pa.concat_tables([*held, table.slice(0, missing)]).combine_chunks()
            held, table, missing = [], table.slice(missing), rows
        if len(table):
            held.append(table)
            missing -= len(table)
    if held:
        yield pa.concat_tables(held).combine_chunks()
