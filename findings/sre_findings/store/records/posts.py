"""Slack posts and emails in the table: claims and their outcomes.

    partition              sort key               contents
    post#{channel}#{key}   {part}#claim#{number}  the sender of this part, its start and its outcome
                           {part}#sent            where the post is

A claim is a conditional write, so only one of several writers can hold it. Rows expire after KEPT.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sre_findings.store.records.table import Row, Table

KEPT = timedelta(days=90)


def sent(table: Table, place: str, part: str) -> Mapping[str, Any] | None:
    """Returns the record of a part that was posted, or None if it was not posted."""
    row = next(iter(table.query(_partition(place), f"{part}#sent", f"{part}#sent")), None)
    return row.values if row else None


def last_claim(table: Table, place: str, part: str) -> tuple[int, Mapping[str, Any]] | None:
    """Returns the number and the values of the newest claim, or None if there is no claim."""
    row = next(
        iter(table.query(_partition(place), f"{part}#claim#", f"{part}#claim#~", newest=1)), None
    )
    return (int(row.sort.rpartition("#")[2]), row.values) if row else None


def claim(
    table: Table, place: str, part: str, number: int, values: Mapping[str, Any], now: datetime
) -> bool:
    """Creates the claim with this number. Returns False if it already exists."""
    return table.create(_row(place, f"{part}#claim#{number:06}", values, now))


def end(
    table: Table, place: str, part: str, number: int, values: Mapping[str, Any], now: datetime
) -> None:
    """Records the outcome of a claim by overwriting its row."""
    table.put([_row(place, f"{part}#claim#{number:06}", values, now)])


def record(table: Table, place: str, part: str, values: Mapping[str, Any], now: datetime) -> None:
    """Records where the part was posted."""
    table.put([_row(place, f"{part}#sent", values, now)])


def _row(place: str, sort: str, values: Mapping[str, Any], now: datetime) -> Row:
    return Row(_partition(place), sort, values, int((now + KEPT).timestamp()))


def _partition(place: str) -> str:
    return f"post#{place}"
