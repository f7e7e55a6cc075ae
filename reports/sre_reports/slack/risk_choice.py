"""The choice in the menu *Accept the risk of …*: its block, and how it is read.

The request handler reads it before it acknowledges, so this module imports nothing slow.
"""

from __future__ import annotations

from typing import Any

BLOCK = "accept "
"""Starts the ID of the menu's block; the ID of the resource follows."""


def chosen(action: dict[str, Any]) -> dict[str, str]:
    """Returns ``id`` and ``vulnerability`` of a choice in the menu, empty if it has none."""
    block, option = action.get("block_id"), action.get("selected_option")
    value = option.get("value") if isinstance(option, dict) else None
    if not isinstance(block, str) or not isinstance(value, str) or not block.startswith(BLOCK):
        return {}
    return {"id": block.removeprefix(BLOCK), "vulnerability": value}
