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

# Text that readers may decode as an escape (ECMA-376, ST_Xstring), and text that XlsxWriter takes
# for serialized runs.
_ESCAPE = re.compile(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)")
_OPENED = "<r>"


def write_text(sheet: Worksheet, place: tuple[int, int], text: str, style: Format) -> None:
    """Writes a text so that it reads back unchanged.

    Readers differ in whether they decode an escape such as ``_x0041_``. Such a word is therefore
    split into two runs, neither of which is an escape.
    """
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
    """Returns the text as a cell can hold it.

    Characters that XML does not allow are removed, line ends become line feeds, and the text is cut
    to the length of a cell.
    """
    if not text.isprintable():
        text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= LONGEST or len(text.encode("utf-16-le")) <= LONGEST * 2:
        return text
    kept = text.encode("utf-16-le")[: (LONGEST - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT
