"""A finding as typed cells of a workbook, in the columns of the CSV: texts, numbers and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from sre_findings.model.timestamps import iso
from sre_findings.rows.values import time_of
from sre_reports.formats.csv.cells import Cells
from sre_reports.formats.csv.escaping import Cell

_FIRST_YEAR = 1900  # the first year in the calendar of spreadsheets

TypedCell = Cell | datetime
WIDTHS = {
    "AWS Account Id": 14,
    "Severity": 13,
    "Title": 50,
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


def typed_cells(as_of: datetime, columns: str) -> Callable[[Mapping[str, Any]], list[TypedCell]]:
    """Returns a function from a row to its cells. Ages are as of ``as_of``."""
    made = Cells[tuple[TypedCell, ...]](as_of, _time, tuple)
    of_row = made.full if columns == "full" else made.inspector
    return lambda row: [*chain.from_iterable(of_row(row))]


def _time(microseconds: int | None) -> tuple[TypedCell]:
    """Returns the time in UTC without a time zone, which workbooks cannot store.

    A time before the calendar of spreadsheets is returned as text.
    """
    moment = time_of(microseconds)
    if moment is None:
        return (None,)
    return (moment.replace(tzinfo=None) if moment.year > _FIRST_YEAR else iso(moment),)
