"""A number with its noun."""

from __future__ import annotations

from typing import LiteralString

from sre_findings.model.text import Text, ours


def quantity(number: int, noun: LiteralString, plural: LiteralString = "") -> Text:
    """``1 finding`` or ``2,345 findings``. ``plural`` is for irregular nouns."""
    return ours(f"{number:,} {noun if number == 1 else plural or noun + 's'}")
