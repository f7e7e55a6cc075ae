"""Sentences wrapped to a terminal: whole words, and each number beside its noun."""

from __future__ import annotations

from sre_cli.number_spacing import glued
from sre_cli.render.terminal import printable, width

PARAGRAPH = 100  # cells: longer lines are hard to read
_GLUE = "\x00"  # stands for a space that is not broken: printable text has no control characters


def wrapped(text: str, room: int | None) -> list[str]:
    """Returns lines of whole words, of at most ``PARAGRAPH`` cells; one line if ``room`` is None.

    A word that is longer than the line, such as an id, is not broken.
    """
    clean = printable(text)
    if room is None:
        return [clean]
    lines, line, most = list[str](), "", min(room, PARAGRAPH)
    for word in glued(clean, _GLUE).split(" "):
        longer = f"{line} {word}" if line else word
        if line and width(longer) > most:
            lines.append(line)
            line = word
        else:
            line = longer
    return [one.rstrip().replace(_GLUE, " ") for one in (*lines, line) if one.strip()]


def labelled(label: str, text: str, room: int | None) -> list[str]:
    """Returns the text, wrapped, beside a label that includes the space after it."""
    rest = None if room is None else min(room, PARAGRAPH) - width(label)
    first, *more = wrapped(text, rest) or [""]
    return [f"{label}{first}".rstrip(), *(" " * width(label) + line for line in more)]
