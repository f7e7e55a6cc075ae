"""What a tool is: a name and words for agents, arguments, and a question of ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_findings.ask.sources import Sources
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.tools.arguments import DEFAULT_BUDGET, Arguments
from sre_mcp.tools.items import Item
from sre_mcp.tools.schemas import Schema


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted: after ``start`` items of a snapshot, ``count`` in all pages
    together (0: all), within a budget of tokens. No item takes less than ``smallest`` bytes of
    JSON."""

    start: int = 0
    count: int = 0
    budget: int = DEFAULT_BUDGET
    snapshot_id: str = ""
    smallest: int = 60

    @property
    def room(self) -> int:
        """More items than this cannot be on the page, so that nobody need read more."""
        most = self.budget * 4 // self.smallest + 1
        return min(most, self.count - self.start) if self.count else most

    @property
    def end(self) -> int:
        """So many items must be known from the first one on, where a question cannot leave out what
        was on pages before."""
        return self.start + self.room


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer on its way to an agent.

    ``values`` are what the command line prints for the same question; the list under ``name`` is
    empty there, and its ``items`` are those from the page's first on. ``said`` are sentences of
    ours, the verdict first; ``data`` lines with words from outside; ``columns`` the fields shown as
    text. ``meta`` is for programs that make the answer again.
    """

    values: dict[str, Any]
    said: Sequence[str]
    data: Sequence[str] = ()
    name: str | None = None
    items: Sequence[Item] = ()
    total: int = 0
    columns: Sequence[str] = ()
    meta: Mapping[str, Any] | None = None


Ask = Callable[[Any, Page, Sources], Answered]
"""Arguments of the tool's own kind, the page, and the sources as the caller may see them."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. ``wide`` says that it may reach beyond the snapshots, to AWS itself; ``scope`` is
    what a token needs; no item of its list takes less than ``smallest`` bytes of JSON."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    output: Schema
    ask: Ask
    wide: bool = False
    scope: str = FINDINGS
    smallest: int = 60
