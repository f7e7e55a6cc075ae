"""Findings as a workbook: a summary sheet, then as many sheets of findings as needed.

The summary includes the completeness. XlsxWriter runs with constant memory: each row is written to
disk, so a million findings take as little memory as ten. It is the faster of two streaming
libraries. It also keeps each sheet in a separate file, so the first sheet can be written last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sre_findings.model.answers.answer import Proof
from sre_reports.formats.csv.escaping import guarded
from sre_reports.formats.csv.export import COLUMNS
from sre_reports.formats.xlsx.cells import (
    WIDTHS,
    TypedCell,
    typed_cells,
)
from sre_reports.formats.xlsx.strings import (
    CUT,
    fitting,
    write_text,
)
from sre_reports.formats.xlsx.summary_sheet import Summary, write_summary
from sre_reports.wording import number

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from sre_reports.formats.registry import (
        Batches,
        Options,
        Warn,
    )

MOST_ROWS = 1_048_576  # rows of a sheet, including its header
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
        summary, sheets = Summary(), Sheets(book, COLUMNS[options.columns])
        cells = typed_cells(as_of, options.columns)
        for batch in batches:
            for row in batch:
                summary.add(row)
                sheets.add(cells(row))
        sheets.end()
        remarks = sheets.remarks()
        write_summary(book, first, proof, summary, remarks)
    for remark in remarks:
        warn(remark)


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

    A new sheet is started when one is full.
    """

    def __init__(self, book: Any, names: Sequence[str]) -> None:
        self._book, self._names = book, names
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._text = book.add_format({"num_format": "@"})
        self._quoted = book.add_format({"num_format": "@", "quote_prefix": True})
        self._count, self._cut = 0, 0
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

    def add(self, cells: Sequence[TypedCell]) -> None:
        """Adds a row."""
        if self._row >= MOST_ROWS:
            self.end()
            self._sheet, self._row = self._begun()
        for column, cell in enumerate(cells):
            self._write(column, cell)
        self._row += 1

    def _write(self, column: int, cell: TypedCell) -> None:
        sheet, row = self._sheet, self._row
        match cell:
            case None | "":
                return
            case str():
                text = self._fitting(cell)
                style = self._text if guarded(text) == text else self._quoted
                write_text(sheet, (row, column), text, style)
            case datetime():
                sheet.write_datetime(row, column, cell, self._time)
            case _:
                sheet.write_number(row, column, cell)

    def _fitting(self, text: str) -> str:
        fit = fitting(text)
        self._cut += fit.endswith(CUT)
        return fit

    def end(self) -> None:
        """Adds filters over all rows of the sheet."""
        self._sheet.autofilter(0, 0, self._row - 1, len(self._names) - 1)

    def remarks(self) -> list[str]:
        """Returns messages about additional sheets and cut cells."""
        more = (
            [f"A sheet holds at most {MOST_ROWS - 1:,} findings; there are {self._count} sheets."]
            if self._count > 1
            else []
        )
        return more + (
            [f"{number(self._cut, 'cell was', 'cells were')} too long and cut, as noted in each."]
            if self._cut
            else []
        )
