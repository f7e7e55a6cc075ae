"""Operations in the table: a partition a day, a row each, gone after KEPT.

    partition                sort key            what
    operation#2026-11-23     {time}#{id}         an Operation

A table removes expired rows when it likes, or never: readers leave them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sre_findings.model.operation import KEPT, Operation
from sre_findings.store.records.table import Row, Table


def write(table: Table, operations: Iterable[Operation]) -> None:
    """Writes them, each over what has its time and id."""
    table.put(map(_row, operations))


def read(table: Table, now: datetime, days: int) -> Iterator[Operation]:
    """Those of so many days, today's included, the newest first; what has expired is left out."""
    for back in range(min(days, KEPT.days + 1)):
        rows = list(table.query(_partition(now - timedelta(days=back))))
        yield from (
            Operation.from_json(row.values)
            for row in reversed(rows)
            if (row.expires or 0) > now.timestamp()
        )


def _row(one: Operation) -> Row:
    moment = one.at.isoformat(timespec="microseconds")
    return Row(
        _partition(one.at), f"{moment}#{one.id}", one.to_json(), int((one.at + KEPT).timestamp())
    )


def _partition(day: datetime) -> str:
    return f"operation#{day.date().isoformat()}"
