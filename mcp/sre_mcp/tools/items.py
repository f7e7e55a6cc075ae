"""One item of a list as agents get it. What is made of it is made once, and not before a page has
room for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sre_mcp.json_values import measured
from sre_mcp.text import line

Values = Mapping[str, Any]


class Item:
    """One item: ``make`` gives its JSON, ``columns`` of what ``shown`` makes of it are its line of
    text.

    Its values are shared by every page that lists it: nobody changes them.
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
        """Its JSON."""
        return self._measured[0]

    @property
    def size(self) -> int:
        """Bytes that it takes on the wire."""
        return self._measured[1]

    @functools.cached_property
    def line(self) -> str:
        """Its line behind the fence."""
        return line(self._columns, self._shown(self.values))


def taken(
    values: dict[str, Any],
    name: str,
    columns: Sequence[str],
    shown: Callable[[Values], Values] = dict,
) -> list[Item]:
    """The list of an answer as items; it is empty in ``values`` from now on."""
    items, values[name] = values[name], []
    return [Item(functools.partial(dict, one), columns, shown) for one in items]
