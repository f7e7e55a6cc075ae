"""A tool: its description for agents, its arguments, and its query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_findings.sources.sources import Sources
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.tools.arguments import DEFAULT_BUDGET, Arguments
from sre_mcp.tools.items import Item
from sre_mcp.tools.schemas import Schema


@dataclass(frozen=True, slots=True)
class Page:
    """The requested part of a list.

    It starts at item ``start`` and is limited by a budget of tokens. ``count`` is the maximum
    number of items in all pages (0: all). ``smallest`` is the minimum size of an item in bytes of
    JSON.
    """

    start: int = 0
    count: int = 0
    budget: int = DEFAULT_BUDGET
    snapshot_id: str = ""
    smallest: int = 60

    @property
    def room(self) -> int:
        """The maximum number of items that can fit on the page."""
        most = self.budget * 4 // self.smallest + 1
        return min(most, self.count - self.start) if self.count else most

    @property
    def end(self) -> int:
        """The number of items to read from the first one, if a query cannot skip earlier pages."""
        return self.start + self.room


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """An answer before it is paged.

    ``values`` is the command line's JSON for the same query, with an empty list under ``name``;
    ``items`` is that list from the first item of the page on. ``sentences`` are our own, verdict
    first; ``data`` are lines with data from scanned systems; ``columns`` are the fields shown as
    text. ``meta`` is for programs that rebuild the answer.
    """

    values: dict[str, Any]
    sentences: Sequence[str]
    data: Sequence[str] = ()
    name: str | None = None
    items: Sequence[Item] = ()
    total: int = 0
    columns: Sequence[str] = ()
    meta: Mapping[str, Any] | None = None


Query = Callable[[Any, Page, Sources], ToolAnswer]
"""The arguments of the tool, the page, and the sources limited to the client's access scope."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    ``wide`` is whether it may call AWS. ``scope`` is required of the token. ``smallest`` is the
    minimum size of a list item in bytes of JSON. ``writes`` is whether it changes anything.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    output: Schema
    ask: Query
    wide: bool = False
    scope: str = FINDINGS
    smallest: int = 60
    writes: bool = False
