"""The choice in the menu *Take it until …*: its block, and how it is read.

The request handler reads it before it acknowledges, so this module imports nothing slow.
"""

from __future__ import annotations

from typing import Any

BLOCK = "take "
"""Starts the ID of the menu's block; the ID of the resource follows."""
RELEASE = "release"
"""In the place of a day: the finding is given back."""


def value(until: str, vulnerability: str) -> str:
    """Returns the value of an option: the day, and the vulnerability."""
    return f"{until} {vulnerability}"


def chosen(action: dict[str, Any]) -> dict[str, str]:
    """Returns ``id``, ``vulnerability`` and ``until`` of a choice, empty if it has none."""
    block, option = action.get("block_id"), action.get("selected_option")
    text = option.get("value") if isinstance(option, dict) else None
    if not isinstance(block, str) or not isinstance(text, str) or not block.startswith(BLOCK):
        return {}
    until, space, vulnerability = text.partition(" ")
    if not until or not space or not vulnerability:
        return {}
    return {"id": block.removeprefix(BLOCK), "vulnerability": vulnerability, "until": until}
