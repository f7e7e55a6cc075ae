"""A finding as typed cells of a workbook: texts, numbers, times and links.

The columns are those of the CSV. If ours are among them, the sheet begins with what a reader sorts
and filters by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from operator import itemgetter
from typing import Any

from sre_findings.model.timestamps import iso
from sre_findings.rows.values import time_of
from sre_reports.formats.csv.cells import Cells
from sre_reports.formats.csv.escaping import Cell
from sre_reports.formats.csv.export import COLUMNS

_FIRST_YEAR = 1900  # the first year in the calendar of spreadsheets
_DAYS = ("CISA KEV Due", "Due")
_LEADING = (
    "Severity",
    "CISA KEV",
    "Due",
    "Days Overdue",
    "Vulnerability Id",
    "Title",
    "Instance Name",
    "Owner",
    "Resource ID",
    "Affected Packages",
    "Fixed in Version",
)

TypedCell = Cell | datetime | date
WIDTHS = {
    "AWS Account Id": 14,
    "Severity": 13,
    "Title": 50,
    "CISA KEV": 11,
    "CISA KEV Due": 13,
    "Due": 11,
    "Days Overdue": 11,
    "Vulnerability Id": 18,
    "Description": 60,
    "Finding ARN": 40,
    "First Seen": 19,
    "Last Seen": 19,
    "Last Updated": 19,
    "Resource ID": 30,
    "Affected Packages": 30,
    "Remediation": 40,
    "Reference Urls": 40,
}


def names_of(columns: str) -> Sequence[str]:
    """Returns the header: that of the CSV, or our leading columns and then the others."""
    every = COLUMNS[columns]
    if columns == "inspector":
        return every
    return (*_LEADING, *(name for name in every if name not in _LEADING))


def typed_cells(as_of: datetime, columns: str) -> Callable[[Mapping[str, Any]], list[TypedCell]]:
    """Returns a function from a row to its cells, as ``names_of`` orders them.

    Ages are as of ``as_of``.
    """
    made = Cells[tuple[TypedCell, ...]](as_of, _time, tuple)
    if columns == "inspector":
        return lambda row: [*chain.from_iterable(made.inspector(row))]
    every = COLUMNS[columns]
    days = [every.index(name) for name in _DAYS]
    ordered = itemgetter(*(every.index(name) for name in names_of(columns)))

    def cells(row: Mapping[str, Any]) -> list[TypedCell]:
        found = [*chain.from_iterable(made.full(row))]
        for place in days:
            found[place] = _day(found[place])
        return [*ordered(found)]

    return cells


def _day(cell: TypedCell) -> TypedCell:
    """Returns an ISO date as a date, or as text if the calendar of spreadsheets lacks it."""
    found = date.fromisoformat(cell) if isinstance(cell, str) else None
    return found if found and found.year > _FIRST_YEAR else cell


def _time(microseconds: int | None) -> tuple[TypedCell]:
    """Returns the time in UTC without a time zone, which workbooks cannot store.

    A time before the calendar of spreadsheets is returned as text.
    """
    moment = time_of(microseconds)
    if moment is None:
        return (None,)
    return (moment.replace(tzinfo=None) if moment.year > _FIRST_YEAR else iso(moment),)
