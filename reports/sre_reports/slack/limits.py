"""Slack's limits for messages, and a check against them.

Sources: https://docs.slack.dev/reference/block-kit/blocks and block-elements. The length of a whole
message is limited by the error ``msg_blocks_too_long``, which Slack does not document and which
occurs near 13,200 characters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Block = Mapping[str, Any]

BLOCKS = 50
WHOLE = 12_000  # characters of all blocks as JSON
TEXT = 4_000  # characters of the text beside the blocks; Slack cuts longer ones
SECTION, FIELD, FIELDS = 3_000, 2_000, 10
HEADER, CONTEXT_ELEMENTS, ACTION_ELEMENTS = 150, 10, 25
BUTTON, VALUE, URL, ID = 75, 2_000, 3_000, 255
OPTION, OPTIONS = 75, 100  # characters of an option's text and value; options of a menu
TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 10_000
CHART_TITLE, CHART_POINTS, CHART_SERIES, CHART_LABEL, CHARTS = 50, 20, 6, 20, 2
IMAGE_TEXT = 2_000


def problems(text: str, blocks: Sequence[Block]) -> list[str]:
    """Returns the reasons why Slack would reject a message; empty if it would accept it."""
    return [*_whole(text, blocks), *(problem for block in blocks for problem in _block(block))]


def _whole(text: str, blocks: Sequence[Block]) -> Iterator[str]:
    yield from _most("blocks", len(blocks), BLOCKS)
    yield from _most("characters of all blocks", len(json.dumps(blocks, ensure_ascii=False)), WHOLE)
    yield from _between("characters of text", len(text), 1, TEXT)
    tables = [block for block in blocks if block["type"] in ("table", "data_table")]
    yield from _most("tables", len(tables), 1)
    yield from _most(
        "characters in tables", sum(_characters(table) for table in tables), TABLE_CHARACTERS
    )
    yield from _most(
        "charts", sum(block["type"] == "data_visualization" for block in blocks), CHARTS
    )
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(ids)) < len(ids):
        yield "two blocks have one block_id"


def _characters(table: Block) -> int:
    return sum(
        len(str(cell.get("text", cell.get("value", "")))) for row in table["rows"] for cell in row
    )


def _block(block: Block) -> Iterator[str]:
    check = _CHECKS.get(block["type"])
    if check is None:
        yield f"{block['type']} is no block that we know the limits of"
        return
    yield from _most("characters of a block_id", len(block.get("block_id", "")), ID)
    yield from check(block)


def _header(block: Block) -> Iterator[str]:
    yield from _between("characters of a header", len(block["text"]["text"]), 1, HEADER)


def _section(block: Block) -> Iterator[str]:
    if "text" in block:
        yield from _between("characters of a section", len(block["text"]["text"]), 1, SECTION)
    fields = block.get("fields", ())
    yield from _most("fields", len(fields), FIELDS)
    for field in fields:
        yield from _between("characters of a field", len(field["text"]), 1, FIELD)
    if not fields and "text" not in block:
        yield "a section without text"


def _context(block: Block) -> Iterator[str]:
    yield from _between("elements of a context", len(block["elements"]), 1, CONTEXT_ELEMENTS)
    for element in block["elements"]:
        yield from _between("characters of a context", len(element["text"]), 1, SECTION)


def _actions(block: Block) -> Iterator[str]:
    elements = block["elements"]
    yield from _between("elements of actions", len(elements), 1, ACTION_ELEMENTS)
    names = [element["action_id"] for element in elements]
    if len(set(names)) < len(names):
        yield "two elements have one action_id"
    for element in elements:
        if element["type"] == "static_select":
            yield from _select(element)
            continue
        yield from _between("characters of a button", len(element["text"]["text"]), 1, BUTTON)
        yield from _most("characters of an action_id", len(element["action_id"]), ID)
        yield from _most("characters of a button's value", len(element.get("value", "")), VALUE)
        yield from _most("characters of a button's url", len(element.get("url", "")), URL)


def _select(element: Block) -> Iterator[str]:
    groups = element.get("option_groups", [])
    yield from _most("groups of options", len(groups), OPTIONS)
    for group in groups:
        yield from _between("a label", len(group["label"]["text"]), 1, OPTION)
        yield from _between("options", len(group["options"]), 1, OPTIONS)
    options = [*element.get("options", []), *(one for two in groups for one in two["options"])]
    if not groups:
        yield from _between("options", len(options), 1, OPTIONS)
    yield from _most("characters of an action_id", len(element["action_id"]), ID)
    yield from _between("a placeholder", len(element["placeholder"]["text"]), 1, BUTTON)
    for option in options:
        yield from _between("characters of an option", len(option["text"]["text"]), 1, OPTION)
        yield from _between("characters of an option's value", len(option["value"]), 1, OPTION)


def _table(block: Block) -> Iterator[str]:
    rows = block["rows"]
    header = 1 if block["type"] == "data_table" else 0
    yield from _between("rows of a table", len(rows), 1 + header, TABLE_ROWS + header)
    widths = {len(row) for row in rows}
    yield from _between("columns of a table", max(widths, default=1), 1, TABLE_COLUMNS)
    if len(widths) > 1:
        yield "rows of a table differ in width"
    if any(not cell["text"] for row in rows for cell in row if "text" in cell):
        yield "an empty cell"


def _data_table(block: Block) -> Iterator[str]:
    yield from _table(block)
    yield from _between("characters of a caption", len(block["caption"]), 1, IMAGE_TEXT)
    yield from _between("page_size", block.get("page_size", 5), 1, 100)


def _chart(block: Block) -> Iterator[str]:
    yield from _between("characters of a chart's title", len(block["title"]), 1, CHART_TITLE)
    chart, categories = block["chart"], block["chart"]["axis_config"]["categories"]
    yield from _between("series", len(chart["series"]), 1, CHART_SERIES)
    yield from _between("points", len(categories), 1, CHART_POINTS)
    for label in categories:
        yield from _between("characters of a label", len(label), 1, CHART_LABEL)
    if len(set(categories)) < len(categories):
        yield "two points have one label"
    for series in chart["series"]:
        yield from _between("characters of a series' name", len(series["name"]), 1, CHART_LABEL)
        if [point["label"] for point in series["data"]] != categories:
            yield "a series differs from the chart's labels"


def _image(block: Block) -> Iterator[str]:
    yield from _between("characters of alt_text", len(block["alt_text"]), 1, IMAGE_TEXT)
    yield from _most("characters of an image's url", len(block.get("image_url", "")), URL)


def _nothing(_block: Block) -> Iterator[str]:
    return iter(())


_CHECKS: Mapping[str, Callable[[Block], Iterator[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "table": _table,
    "data_table": _data_table,
    "data_visualization": _chart,
    "image": _image,
    "divider": _nothing,
}


def _most(what: str, count: int, most: int) -> Iterator[str]:
    return _between(what, count, 0, most)


def _between(what: str, count: int, least: int, most: int) -> Iterator[str]:
    if not least <= count <= most:
        yield f"{count:,} {what}: {least:,} to {most:,} are allowed"
