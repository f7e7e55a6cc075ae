"""Text that a workbook can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST = 32_767  # UTF-16 code units of a cell
CUT = " … cut: too long for a cell; the CSV has the full text"

# Characters that XML 1.0 does not allow, including lone surrogates.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# What readers may decode as an escape (ECMA-376, ST_Xstring), and what XlsxWriter takes for
# serialized runs.
_ESCAPE = re.compile(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)")
_OPENED = "<r>"


def write_text(sheet: Worksheet, place: tuple[int, int], text: str, style: Format) -> None:
    """Writes a text so that it reads back unchanged. Readers differ in whether they decode an
    escape such as ``_x0041_``, so such a word is split into two runs, neither of which is an
    escape."""
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
    """The text without characters that XML does not allow, cut to the length of a cell, with line
    feeds as line ends."""
    if not text.isprintable():
        text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= LONGEST or len(text.encode("utf-16-le")) <= LONGEST * 2:
        return text
    kept = text.encode("utf-16-le")[: (LONGEST - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT
