"""Text that a workbook can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST = 32_767  # characters of a cell, as UTF-16 counts them
CUT = " … cut: a cell holds no more; the CSV has all of it"

# What XML 1.0 cannot hold, halves of surrogate pairs among them.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# What a reader may take for an escaped letter (ECMA-376, ST_Xstring), and what XlsxWriter takes for
# runs made before.
_ESCAPE = re.compile(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)")
_OPENED = "<r>"


def write_text(sheet: Worksheet, place: tuple[int, int], text: str, style: Format) -> None:
    """Writes a text that comes back as it is. Readers differ in whether they undo the escape of
    ``_x0041_``: such a word is written in two runs, and stands in neither."""
    first, *rest = _runs(text)
    if rest:
        more = (part for run in rest for part in (style, run))
        sheet.write_rich_string(*place, first, *more, style)
    else:
        sheet.write_string(*place, text, style)


def _runs(text: str) -> list[str]:
    parts = _ESCAPE.split(text) if "_x" in text else [text]
    return [text[0], text[1:]] if text.startswith(_OPENED) and len(parts) == 1 else parts


def fitting(text: str) -> str:
    """The text without what XML cannot hold, and as long as a cell may be; every line end is a line
    feed, as XML has it."""
    if not text.isprintable():
        text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= LONGEST or len(text.encode("utf-16-le")) <= LONGEST * 2:
        return text
    kept = text.encode("utf-16-le")[: (LONGEST - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT
