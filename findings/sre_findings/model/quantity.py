"""A number with its noun."""

from __future__ import annotations


def quantity(number: int, noun: str, plural: str = "") -> str:
    """``1 finding`` or ``2,345 findings``. ``plural`` is for irregular nouns."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
