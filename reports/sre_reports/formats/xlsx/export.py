"""Findings as a workbook: a summary sheet, then as many sheets of findings as needed.

The summary includes the completeness. XlsxWriter runs with constant memory: each row is written to
disk, so a million findings take as little memory as ten. It is the faster of two streaming
libraries. It also keeps each sheet in a separate file, so the first sheet can be written last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sre_findings.model.answers.answer import Proof
from sre_reports.formats.csv.escaping import guarded
from sre_reports.formats.json_values import mapping, web_address
from sre_reports.formats.xlsx.cells import (
    WIDTHS,
    TypedCell,
    names_of,
    typed_cells,
)
from sre_reports.formats.xlsx.strings import (
    CUT,
    fitting,
    write_text,
)
from sre_reports.formats.xlsx.summary_sheet import Summary, write_summary
from sre_reports.pictures.palette import LIGHT
from sre_reports.wording import number

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

MOST_ROWS = 1_048_576  # rows of a sheet, including its header
# Excel takes 65,530 links of a sheet and 2,079 characters of each. Links stay in memory until the
# end, unlike rows, so there are fewer.
MOST_LINKS, _LONGEST_LINK = 20_000, 2_079
_LINKED = "Vulnerability Id"
_PLAIN = re.compile(r"[A-Z0-9][A-Za-z0-9.:-]{2,99}", re.ASCII)  # an id that needs no care as a text
_COLOURED = ("critical", "high", "medium", "low")
_SETTINGS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "remove_timezone": True,
}


def write(options: Options, proof: Proof, batches: Batches, file: BinaryIO, warn: Warn) -> None:
    """Writes the workbook.

    Cut cells and additional sheets are reported on the summary sheet and to ``warn``.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(cast("BinaryIO", _Onward(file)), _SETTINGS) as book:
        book.use_zip64()
        as_of = proof.as_of or datetime.now(UTC)
        # The default is the time of writing, which would make every file different.
        book.set_properties({"created": as_of})
        first = book.add_worksheet("Summary")
        columns = options.columns or "full"
        summary, sheets = Summary(), Sheets(book, names_of(columns))
        cells = typed_cells(as_of, columns)
        for batch in batches:
            for row in batch:
                summary.add(row)
                sheets.add(cells(row), _link(row))
        sheets.end()
        remarks = sheets.remarks()
        write_summary(book, first, proof, summary, remarks)
    for remark in remarks:
        warn(remark)


def _link(row: Mapping[str, Any]) -> str | None:
    """Returns the page of the row's vulnerability; None if there is none that Excel can open."""
    found = web_address(mapping(row["vulnerability_details"]).get("sourceUrl"))
    return found if found and len(found) <= _LONGEST_LINK else None


class _Onward:
    """A file without seek.

    ZIP archives differ for seekable files, and the bytes must not depend on the file. After an
    error, nothing more is written: an archive that is discarded would try to write its end.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._failed = file, False

    def write(self, data: bytes) -> int:
        """Writes the data. Returns its length."""
        if self._failed:
            return len(data)
        try:
            return self._file.write(data)
        except OSError:
            self._failed = True
            raise

    def flush(self) -> None:
        """Writes what is buffered."""
        if not self._failed:
            self._file.flush()


class Sheets:
    """Sheets of findings with a frozen header and filters.

    A new sheet is started when one is full. Severities have the colours of the report, overdue days
    are red, and a vulnerability links to its page.
    """

    def __init__(self, book: Any, names: Sequence[str]) -> None:
        self._book, self._names = book, names
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._text = book.add_format({"num_format": "@"})
        self._quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        self._late = book.add_format({"bold": True, "font_color": LIGHT["bad"]})
        self._linked = book.add_format({"num_format": "@", "font_color": LIGHT["link"]})
        self._severities = {name.upper(): _coloured(book, name) for name in _COLOURED}
        self._severity, self._link = names.index("Severity"), names.index(_LINKED)
        self._overdue = names.index("Days Overdue") if "Days Overdue" in names else None
        self._count, self._cut, self._links, self._unlinked = 0, 0, 0, 0
        self._sheet, self._row = self._begun()

    def _begun(self) -> tuple[Worksheet, int]:
        self._count += 1
        sheet: Worksheet = self._book.add_worksheet(
            "Findings" if self._count == 1 else f"Findings {self._count}"
        )
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._names):
            sheet.set_column(column, column, WIDTHS.get(name, 16))
            sheet.write_string(0, column, name, self._bold)
        return sheet, 1

    def add(self, cells: Sequence[TypedCell], link: str | None) -> None:
        """Adds a row; ``link`` is the page of its vulnerability."""
        if self._row >= MOST_ROWS:
            self.end()
            self._sheet, self._row = self._begun()
        for column, cell in enumerate(cells):
            self._write(column, cell)
        if link and _PLAIN.fullmatch(text := str(cells[self._link])):
            self._add_link(link, text)
        self._row += 1

    def _write(self, column: int, cell: TypedCell) -> None:
        sheet, row = self._sheet, self._row
        match cell:
            case None | "":
                return
            case str():
                text = self._fitting(cell)
                write_text(sheet, (row, column), text, self._style(column, text))
            case datetime():
                sheet.write_datetime(row, column, cell, self._time)
            case date():
                sheet.write_datetime(row, column, datetime.combine(cell, time()), self._day)
            case _:
                late = self._late if column == self._overdue and cell > 0 else None
                sheet.write_number(row, column, cell, late)

    def _style(self, column: int, text: str) -> Any:
        if guarded(text) != text:
            return self._quoted
        return self._severities.get(text, self._text) if column == self._severity else self._text

    def _add_link(self, link: str, text: str) -> None:
        """Makes the cell of the vulnerability a link, as long as the sheets have few of them."""
        if self._links >= MOST_LINKS:
            self._unlinked += 1
            return
        self._links += 1
        self._sheet.write_url(self._row, self._link, link, self._linked, text)

    def _fitting(self, text: str) -> str:
        fit = fitting(text)
        self._cut += fit.endswith(CUT)
        return fit

    def end(self) -> None:
        """Adds filters over all rows of the sheet."""
        self._sheet.autofilter(0, 0, self._row - 1, len(self._names) - 1)

    def remarks(self) -> list[str]:
        """Returns messages about additional sheets, cut cells and rows without a link."""
        found = []
        if self._count > 1:
            found.append(
                f"A sheet holds at most {MOST_ROWS - 1:,} findings; there are {self._count} sheets."
            )
        if self._cut:
            cut = number(self._cut, "cell was", "cells were")
            found.append(f"{cut} too long and cut, as noted in each.")
        if self._unlinked:
            found.append(f"Only the first {MOST_LINKS:,} vulnerabilities are links.")
        return found


def _coloured(book: Any, severity: str) -> Any:
    """Returns the format of a severity: the report's background and text colour for it."""
    return book.add_format(
        {
            "num_format": "@",
            "bold": True,
            "bg_color": LIGHT[severity],
            "font_color": LIGHT[f"on-{severity}"],
        }
    )
