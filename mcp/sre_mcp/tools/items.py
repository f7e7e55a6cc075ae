"""List items for agents. Values are computed once, when a page has room for the item."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sre_mcp.json_values import measured
from sre_mcp.text import line

Values = Mapping[str, Any]


class Item:
    """A list item.

    ``make`` returns its JSON values; its line of text has the ``columns`` of ``shown(values)``.
    Values are shared between pages and must not be changed.
    """

    def __init__(
        self,
        make: Callable[[], Values],
        columns: Sequence[str],
        shown: Callable[[Values], Values] = dict,
    ) -> None:
        self._make, self._columns, self._shown = make, columns, shown

    @functools.cached_property
    def _measured(self) -> tuple[Any, int]:
        return measured(self._make())

    @property
    def values(self) -> Any:
        """The JSON values of the item."""
        return self._measured[0]

    @property
    def size(self) -> int:
        """The size of the item as JSON, in bytes."""
        return self._measured[1]

    @functools.cached_property
    def line(self) -> str:
        """The item as a line of text."""
        return line(self._columns, self._shown(self.values))


def taken(
    values: dict[str, Any],
    name: str,
    columns: Sequence[str],
    shown: Callable[[Values], Values] = dict,
) -> list[Item]:
    """Moves the list of an answer out of ``values``, and returns it as items."""
    items, values[name] = values[name], []
    return [Item(functools.partial(dict, one), columns, shown) for one in items]
