"""Text for a terminal: without control characters, measured in cells, and coloured if wanted."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping
from enum import IntEnum
from itertools import accumulate, takewhile
from typing import TextIO

from sre_reports.plain_text import visible

RESET = "\x1b[0m"
ELLIPSIS = "…"


class Colour(IntEnum):
    """The colours that a terminal supports. NONE is falsy, and INDEXED equals True."""

    NONE = 0
    INDEXED = 1  # the 256 colours of xterm
    TRUE = 2


# Fills with text on them, readable on light and on dark terminals. Each style: background and
# foreground as RGB, the same from the 256 colours, and further attributes.
_FILLS: dict[str, tuple[str, str, str]] = {
    "critical": ("48;2;117;6;28;38;2;255;255;255", "48;5;52;38;5;231", "1"),
    "high": ("48;2;173;65;28;38;2;255;255;255", "48;5;130;38;5;231", "1"),
    "medium": ("48;2;186;127;20;38;2;20;24;31", "48;5;136;38;5;16", ""),
    "low": ("48;2;57;119;168;38;2;255;255;255", "48;5;25;38;5;231", ""),
    "informational": ("48;2;107;114;128;38;2;255;255;255", "48;5;242;38;5;231", ""),
}
# Text on the terminal's own background, which may be light or dark: bold, faint, and colours of
# medium brightness.
_TEXTS: dict[str, tuple[str, str, str]] = {
    "strong": ("", "", "1"),
    "muted": ("", "", "2"),
    "good": ("38;2;46;139;87", "38;5;29", "1"),
    "warn": ("38;2;186;127;20", "38;5;136", "1"),
    "bad": ("38;2;214;54;84", "38;5;161", "1"),
}
_STYLES = _FILLS | _TEXTS


def colour_of(is_terminal: bool, environ: Mapping[str, str]) -> Colour:
    """Returns the colours to use for a stream.

    NO_COLOR takes precedence over FORCE_COLOR, which takes precedence over TERM=dumb and whether
    the stream is a terminal.
    """
    if environ.get("NO_COLOR"):
        return Colour.NONE
    forced = environ.get("FORCE_COLOR", "") not in ("", "0")
    if not forced and (
        not is_terminal or environ.get("TERM") == "dumb" or environ.get("FORCE_COLOR") == "0"
    ):
        return Colour.NONE
    return (
        Colour.TRUE
        if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
        else Colour.INDEXED
    )


def columns(stream: TextIO, *, forced: bool = False) -> int | None:
    """Returns the width of the terminal that the stream is, in cells; None if it is none.

    With ``forced``, the stream is taken for a terminal.
    """
    return shutil.get_terminal_size().columns if forced or stream.isatty() else None


def styled(text: str, style: str, colour: int) -> str:
    """Returns the text in a style.

    The text is unchanged without colours, or if the style is unknown (a new severity, for example).
    """
    codes = _STYLES.get(style)
    if not colour or codes is None or not text:
        return text
    rgb, indexed, attributes = codes
    parts = [part for part in (attributes, rgb if colour >= Colour.TRUE else indexed) if part]
    return f"\x1b[{';'.join(parts)}m{text}{RESET}"


def printable(value: object) -> str:
    """Returns a value as text without control characters and escape sequences.

    Marks that hide or reorder letters are removed too.
    """
    return visible(value if isinstance(value, str) else str(value))


def width(text: str) -> int:
    """Returns the width of printable text in cells.

    A wide East Asian letter has two cells, a combining mark none.
    """
    if text.isascii():
        return len(text)
    return sum(_letter(letter) for letter in text)


def _letter(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cut(text: str, room: int) -> str:
    """Returns the text in at most ``room`` cells, with an ellipsis if it was cut."""
    if width(text) <= room:
        return text
    if room < 1:
        return ""
    used = accumulate(_letter(letter) for letter in text)
    return text[: sum(1 for _ in takewhile(lambda cells: cells < room, used))] + ELLIPSIS


def padded(text: str, room: int, *, right: bool = False) -> str:
    """Returns the text padded with spaces to ``room`` cells, on the left if ``right``.

    Longer text is unchanged.
    """
    space = " " * max(0, room - width(text))
    return space + text if right else text + space
