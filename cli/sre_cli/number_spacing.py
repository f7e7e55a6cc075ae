"""The spaces at which a line is never broken: those between a number and its noun."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.:/-])(\d[\d,.]*) (?=[A-Za-z%])")  # 3 resources, 42 d
_UNIT = re.compile(r"(\x00(?:d|h|min|s|days?)) (?=late|old|overdue)")  # 42 d overdue
_NAMED = re.compile(r"(\b(?:EPSS|account|port|score)|\):) (?=\d)")  # EPSS 0.65
_GLUE = "\x00"


def glued(text: str, glue: str) -> str:
    """Returns the text with ``glue`` for each space between a number and its noun."""
    found = _NUMBER.sub(r"\1" + _GLUE, text)
    found = _NAMED.sub(r"\1" + _GLUE, _UNIT.sub(r"\1" + _GLUE, found))
    return found.replace(_GLUE, glue)
