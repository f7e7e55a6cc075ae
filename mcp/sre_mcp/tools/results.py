"""Tool results: the items that fit the token budget, the cursor of the next page, and the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mcp_types import CallToolResult, TextContent

from sre_findings.model.answers.answer import TABLE
from sre_findings.model.text import Text, capital, ours, phrase
from sre_findings.sources.cursors import Cursor, decode, pinned
from sre_findings.sources.sources import Sources
from sre_mcp.json_values import BYTES_A_TOKEN, encodable, measured
from sre_mcp.text import fenced, sentence
from sre_mcp.tools.arguments import Arguments, Paged
from sre_mcp.tools.items import Item
from sre_mcp.tools.tool import Page, Tool, ToolAnswer


def answer(tool: Tool, arguments: Arguments, sources: Sources) -> CallToolResult:
    """Runs the query and returns the result. Raises the SreError of the query."""
    if not isinstance(arguments, Paged):
        return result(tool.ask(arguments, Page(), sources))
    query, now = f"{tool.name} {arguments.query()}", sources.now()
    cursor = decode(arguments.cursor, query, now) if arguments.cursor else None
    if cursor is None:
        page, here = (
            Page(0, arguments.count, arguments.token_budget, smallest=tool.smallest),
            sources,
        )
    else:
        page = Page(
            cursor.place, arguments.count, arguments.token_budget, cursor.snapshot_id, tool.smallest
        )
        here = pinned(sources, cursor)
    return _paged(tool.ask(arguments, page, here), page, query, cursor.asked_at if cursor else now)


def result(
    answered: ToolAnswer, items: Sequence[Item] = (), below: Sequence[Text] = ()
) -> CallToolResult:
    """Returns the values of the answer, its sentences, and fenced data."""
    sentences = [sentence(one) for one in (*answered.sentences, *below) if one]
    text = "\n".join(
        [*sentences, *fenced(answered.data, answered.columns, [one.line for one in items])]
    )
    values = encodable(answered.values)
    if items and answered.name:
        values[answered.name] = [one.values for one in items]
    meta = dict(answered.meta) if answered.meta else None
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=values, _meta=meta
    )


_SHORT = phrase(
    "a live answer has a single page; for the rest, filter by severity or query the snapshot"
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """The items of a page, and the cursor of the next page."""

    items: Sequence[Item]
    next_cursor: str | None


def _paged(answered: ToolAnswer, page: Page, query: str, asked_at: datetime) -> CallToolResult:
    if answered.name is None:
        return result(answered)
    cut = _cut(answered, page, query, asked_at)
    answered.values["page"] = {
        "start": page.start,
        "listed": len(cut.items),
        "total": answered.total,
        "next_cursor": cut.next_cursor,
    }
    if "next_cursor" in answered.values:
        answered.values["next_cursor"] = cut.next_cursor
    if _is_short(answered, cut, page):
        answered.values["notes"] = [*answered.values["notes"], _SHORT]
    return result(answered, cut.items, _listed(answered, cut, page))


def _cut(answered: ToolAnswer, page: Page, query: str, asked_at: datetime) -> _Cut:
    """Returns the items that fit the budget.

    Returns at least one, so that a small budget cannot end a list.
    """
    values = answered.values
    left = page.budget * BYTES_A_TOKEN - measured(values)[1] - 300  # for the field page
    kept: list[Item] = []
    for item in answered.items[: page.room]:
        left -= item.size + 1
        if left < 0 and kept:
            break
        kept.append(item)
    place = page.start + len(kept)
    end = min(page.count or answered.total, answered.total)
    snapshot_id = TABLE if values.get("source") == TABLE else values.get("snapshot_id")
    if not (kept and place < end and snapshot_id):
        return _Cut(kept, None)
    return _Cut(kept, Cursor(str(snapshot_id), asked_at, place).encode(query))


def _listed(answered: ToolAnswer, cut: _Cut, page: Page) -> list[Text]:
    """Returns which items are listed, and how to get more."""
    name = ours(answered.name or "")
    first, last = page.start + 1, page.start + len(cut.items)
    if not cut.items:
        return (
            [phrase("No {} to list.", name)]
            if not answered.total
            else [phrase("No more {}: the total is {:,}.", name, answered.total)]
        )
    here = phrase("{} {:,} to {:,} of {:,}.", capital(name), first, last, answered.total)
    if cut.next_cursor:
        more = phrase("{} For more, repeat the call with cursor {}", here, ours(cut.next_cursor))
        return [more]
    return [phrase("{} Note: {}.", here, _SHORT)] if _is_short(answered, cut, page) else [here]


def _is_short(answered: ToolAnswer, cut: _Cut, page: Page) -> bool:
    """Returns whether items are missing and there is no next page, as for live answers."""
    return cut.next_cursor is None and 0 < page.start + len(cut.items) < min(
        page.count or answered.total, answered.total
    )
