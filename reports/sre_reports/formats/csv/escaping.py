"""CSV as RFC 4180 has it, with cells that no spreadsheet takes for a formula. The one place where
cells are guarded."""

from __future__ import annotations

import re
from collections.abc import Iterable

Cell = str | int | float | None

BYTE_ORDER_MARK = "\ufeff"

# What spreadsheets evaluate, after spaces that they skip: OWASP, "CSV Injection" and ASVS 1.2.10,
# with the full-width twins that East Asian versions take for the same, and a leading byte order
# mark, which importers drop.
_SKIPPED = " \u00a0\u3000\ufeff"
_EVALUATED = "=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20"
_FORMULA = re.compile(f"[{_SKIPPED}]*[{re.escape(_EVALUATED)}]")
# asked first: far quicker than the pattern, and nearly always no
_SUSPECT = frozenset(_SKIPPED + _EVALUATED)


def guarded(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would evaluate it."""
    return f"'{text}" if text[:1] in _SUSPECT and _FORMULA.match(text) else text


def csv_text(rows: Iterable[Iterable[Cell]], *, raw: bool = False) -> str:
    """Rows as CSV: comma, CRLF, quotes doubled, None as an empty cell. Every string is guarded
    unless ``raw``.

    The text is that of csv.writer, which a test holds it to; this takes a third of its time, for
    csv.writer looks at long descriptions letter by letter.
    """
    write = field if raw else guarded_field
    return records(map(write, row) for row in rows)


def records(rows: Iterable[Iterable[str]]) -> str:
    """Fields that are written already as lines. Half a surrogate pair, which no encoding takes,
    becomes its escape."""
    text = "".join(",".join(row) + "\r\n" for row in rows)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def guarded_field(cell: Cell) -> str:
    """A cell as CSV, a string guarded; numbers never are, negative ones included."""
    if cell is None:
        return ""
    return _quoted(guarded(cell)) if isinstance(cell, str) else str(cell)


def field(cell: Cell) -> str:
    """A cell as CSV and nothing more, for machines."""
    if cell is None:
        return ""
    return _quoted(cell) if isinstance(cell, str) else str(cell)


def _quoted(text: str) -> str:
    # Four searches for one letter are thirty times quicker over a long text than one pattern for
    # all four.
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
