"""Rows too many for memory, taken in ranges of their sort keys: as many whole keys as fit a number
of rows, one range after the other. Parquet files that are sorted, or nearly so, are read only where
a range may be.
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
    """Rows whose keys are at or beyond ``first`` and before ``end``; an ``end`` of None is that of
    all rows."""

    columns: Sequence[str]
    first: Key
    end: Key | None

    def choose(self, connection: Any) -> None:
        """Makes it the range of the queries and views that have :attr:`within` as a condition."""
        for place in range(len(self.columns)):
            connection.execute(f"set variable first_{place} = $value", {"value": self.first[place]})
            connection.execute(
                f"set variable end_{place} = $value",
                {"value": self.end[place] if self.end else None},
            )

    @property
    def within(self) -> str:
        """The condition, in SQL. Columns that are the same at both ends are named alone, so that
        files can be skipped by them."""
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
    """The comparison of several columns, the first the most important, with the values of a
    bound."""
    (place, column), *rest = columns
    value = f"getvariable('{bound}_{place}')"
    if not rest:
        return f"{column} {last} {value}"
    return (
        f"({column} {sign} {value} or ({column} = {value} and {_beyond(rest, bound, sign, last)}))"
    )


def _alike(first: Key, end: Key | None) -> int:
    """How many columns have the same value at both ends."""
    pairs = zip(first, end or (), strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), len(end or ()))


def cut(connection: Any, source: str, columns: Sequence[str], rows: int) -> list[Range]:
    """Ranges of at most so many rows of a source each, where no single key has more; in the order
    of the keys."""
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
    """The same rows in the schema's types, as tables of exactly so many each, but for the last."""
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
