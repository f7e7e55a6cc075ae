"""Daily history of scopes, from the rollups in the table.

A row is written when a scope changes and is valid until the scope's next row. ``query`` reads the
list of all snapshots. ``query_each`` reads, for each scope, its last row before the first snapshot
requested and its rows since then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from operator import add
from typing import Any, NamedTuple

from sre_findings.model.snapshots.rollup import NUMBERS, Rollup
from sre_findings.store.records.rollups import MARKERS, digits, name_of, until
from sre_findings.store.records.table import RECOUNT, Row, Table, decoding


class Night(NamedTuple):
    """A snapshot as the table records it.

    ``gaps`` is a digest of what it did not read, empty if it read everything. ``regions`` are those
    that it planned, empty if an older version wrote the row.
    """

    sequence: int
    snapshot_id: str
    started_at: datetime
    state: str
    gaps: str = ""
    regions: frozenset[str] = frozenset()


@decoding(RECOUNT)
def series(
    table: Table, kind: str, values: Sequence[str], last: int, first: datetime
) -> list[tuple[Night, Rollup]]:
    """Returns the sum of the rollups of several scopes for each snapshot, oldest first.

    The snapshots are those started at or after ``first``, up to the commit with sequence
    ``last``. All scopes are of the same kind. The list is empty if there is no such snapshot.
    """
    every = [_night(row) for row in table.query(MARKERS, "0", digits(last))]
    nights = [night for night in every if night.started_at >= first]
    if not nights:
        return []
    sums = _Sums([digits(night.sequence) for night in nights])
    for rows in _rows(table, kind, values, nights, older=len(nights) < len(every)):
        sums.add(rows)
    return list(zip(nights, sums.rollups(), strict=True))


def _rows(
    table: Table, kind: str, values: Sequence[str], nights: Sequence[Night], *, older: bool
) -> Iterator[list[Row]]:
    """Yields the rows of each scope that are valid in these snapshots, oldest first."""
    begin, end, partition = nights[0].sequence, nights[-1].sequence, f"rollup#{kind}"
    since = table.query_each(
        partition,
        [(f"{until(value)}{digits(begin)}", f"{until(value)}{digits(end)}") for value in values],
    )
    if not older:
        return iter(since)
    before = [(until(value), f"{until(value)}{digits(begin - 1)}") for value in values]
    last = table.query_each(partition, before, newest=1)
    return ([*one, *more] for one, more in zip(last, since, strict=True))


def _night(row: Row) -> Night:
    return Night(
        int(row.sort),
        row.values["snapshot_id"],
        datetime.fromisoformat(row.values["started_at"]),
        row.values["state"],
        row.values.get("gaps", ""),
        frozenset(row.values.get("regions", ())),
    )


class _Sums:
    """Sums scopes by their changes.

    Most values do not change from one snapshot to the next, so this is faster than adding up
    every scope for every snapshot.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._changes = [_NOTHING for _ in sequences]
        self._flows: list[Counter[str]] = [Counter() for _ in sequences]

    def add(self, rows: Sequence[Row]) -> None:
        """Adds one scope.

        A row written in a snapshot that was not requested takes effect from the next
        requested one.
        """
        before = _NOTHING
        for row in rows:
            written = name_of(row)[1]
            place = bisect_left(self._sequences, written)
            now = _numbers(row.values)
            self._changes[place] = [
                sum_ + new - old
                for sum_, new, old in zip(self._changes[place], now, before, strict=True)
            ]
            if self._sequences[place] == written:
                self._flows[place].update(row.values.get("flow", {}))
            before = now

    def rollups(self) -> Iterator[Rollup]:
        """Yields the sum for each snapshot."""
        held = _NOTHING
        for changes, flow in zip(self._changes, self._flows, strict=True):
            held = list(map(add, held, changes))
            numbers = dict(zip(NUMBERS, held, strict=True))
            yield Rollup.from_row({**numbers, "counts": numbers, "flow": dict(flow)})


_NOTHING = [0] * len(NUMBERS)


def _numbers(values: Mapping[str, Any]) -> list[int]:
    """Returns all numbers of a row in the order of NUMBERS. Rows omit zeroes."""
    flat = {**values, **values["counts"]}
    return [flat.get(name, 0) for name in NUMBERS]
