"""Operations in the table: one partition per day, one row per operation. Rows expire after KEPT.

    partition                sort key            contents
    operation#2026-11-23     {time}#{id}         an Operation

A table may delete expired rows late or never, so readers ignore them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sre_findings.model.operation import KEPT, Operation
from sre_findings.store.records.table import Row, Table, decoding

_RESTORE = "Restore the table, or delete the rows of the partitions operation#…"


def write(table: Table, operations: Iterable[Operation]) -> None:
    """Writes the operations. An existing row with the same time and ID is overwritten."""
    table.put(map(_row, operations))


def read(table: Table, now: datetime, days: int) -> Iterator[Operation]:
    """Yields the operations of the last ``days`` days including today, newest first.

    Expired operations are omitted.
    """
    with decoding(_RESTORE):
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
