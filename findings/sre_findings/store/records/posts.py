"""Posts to Slack and mails in the table: claims, and how they ended.

    partition              sort key               what
    post#{channel}#{key}   {part}#claim#{number}  who sends this part, since when, and how it ended
                           {part}#sent            where the post is

A claim is a conditional write, so that only one of several writers has it. Rows expire after KEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sre_findings.store.records.table import Row, Table

KEPT = timedelta(days=90)


def sent(table: Table, place: str, part: str) -> Mapping[str, Any] | None:
    """What was recorded of a part that was posted; None where nothing was."""
    row = next(iter(table.query(_partition(place), f"{part}#sent", f"{part}#sent")), None)
    return row.values if row else None


def last_claim(table: Table, place: str, part: str) -> tuple[int, Mapping[str, Any]] | None:
    """The number and the values of the newest claim."""
    row = next(
        iter(table.query(_partition(place), f"{part}#claim#", f"{part}#claim#~", newest=1)), None
    )
    return (int(row.sort.rpartition("#")[2]), row.values) if row else None


def claim(
    table: Table, place: str, part: str, number: int, values: Mapping[str, Any], now: datetime
) -> bool:
    """Takes the claim of this number; False where somebody has it."""
    return table.create(_row(place, f"{part}#claim#{number:06}", values, now))


def end(
    table: Table, place: str, part: str, number: int, values: Mapping[str, Any], now: datetime
) -> None:
    """Writes how a claim ended over it."""
    table.put([_row(place, f"{part}#claim#{number:06}", values, now)])


def record(table: Table, place: str, part: str, values: Mapping[str, Any], now: datetime) -> None:
    """Writes where the part is."""
    table.put([_row(place, f"{part}#sent", values, now)])


def _row(place: str, sort: str, values: Mapping[str, Any], now: datetime) -> Row:
    return Row(_partition(place), sort, values, int((now + KEPT).timestamp()))


def _partition(place: str) -> str:
    return f"post#{place}"
