"""TOML as plain data, with limits that tomllib does not have."""

from __future__ import annotations

from typing import Any

_DOTS = 1000  # in one line: time and memory for a dotted key grow with the square of its parts


def parse_toml(text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises ValueError that says what is wrong with it."""
    import tomllib

    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > _DOTS:
            raise ValueError(f"line {number} has more than {_DOTS:,} dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
