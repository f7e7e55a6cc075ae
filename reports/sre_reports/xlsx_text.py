"""Text that a workbook can hold."""

from __future__ import annotations

import re

LONGEST = 32_767  # characters of a cell, as UTF-16 counts them
CUT = " … cut: a cell holds no more; the CSV has all of it"

# What XML 1.0 cannot hold, halves of surrogate pairs among them.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def fitting(text: str) -> str:
    """The text without what XML cannot hold, and as long as a cell may be; every line end is a line feed, as XML has it."""
    if not text.isprintable():
        text = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) * 2 <= LONGEST or len(text.encode("utf-16-le")) <= LONGEST * 2:
        return text
    kept = text.encode("utf-16-le")[: (LONGEST - len(CUT)) * 2]
    return kept.decode("utf-16-le", "ignore") + CUT
