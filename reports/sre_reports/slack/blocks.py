"""Slack's blocks, each within its limits.

Arguments called ``markup`` are ours. Callers escape the text from outside in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sre_reports.plain_text import shortened
from sre_reports.slack import limits
from sre_reports.slack.escaping import LONGEST, cell

Block = dict[str, Any]
Cell = dict[str, str]
_NOTHING = "–"  # Slack rejects empty cells
_LENGTHS = (LONGEST, 80, 50, 30)  # maximum characters of a cell; the first length that fits is used
# Characters of a table as JSON. The rest of the message needs room too.
_TABLE = limits.WHOLE * 2 // 3


class Button(NamedTuple):
    """A button: its text, its action, and either the value it sends or the URL it opens."""

    text: str
    action: str
    value: str = ""
    url: str = ""
    primary: bool = False


def header(text: str) -> Block:
    """Returns a heading without markup."""
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": cell(text, limits.HEADER), "emoji": False},
    }


def section(markup: str) -> Block:
    """Returns a paragraph of markup.

    It is cut at a line end if it is too long, so that no code span stays open.
    """
    return {"type": "section", "text": _markup(_within(markup, limits.SECTION))}


def fields(markups: Iterable[str]) -> Block:
    """Returns short texts in two columns."""
    shown = [_markup(_within(one, limits.FIELD)) for one in markups][: limits.FIELDS]
    return {"type": "section", "fields": shown}


def context(markup: str) -> Block:
    """Returns a line in small type."""
    return {"type": "context", "elements": [_markup(_within(markup, limits.SECTION))]}


def _markup(text: str) -> dict[str, Any]:
    """Returns a text object. ``verbatim`` keeps Slack from turning text into links and mentions."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _within(markup: str, most: int) -> str:
    if len(markup) <= most:
        return markup
    kept = markup[: most - 2].rpartition("\n")[0]
    return f"{kept}\n…" if kept else "…"


def actions(block_id: str, buttons: Sequence[Button]) -> list[Block]:
    """Returns a row of buttons.

    Buttons whose value or URL is too long for Slack are left out. Without any button there is no
    row.
    """
    shown = [
        one for one in buttons if len(one.value) <= limits.VALUE and len(one.url) <= limits.URL
    ]
    elements = [_button(one) for one in shown[: limits.ACTION_ELEMENTS]]
    return [{"type": "actions", "block_id": block_id, "elements": elements}] if elements else []


def _button(one: Button) -> dict[str, Any]:
    made = {
        "type": "button",
        "text": {"type": "plain_text", "text": cell(one.text, limits.BUTTON), "emoji": False},
        "action_id": one.action,
    }
    made |= {"value": one.value} if one.value else {}
    made |= {"url": one.url} if one.url else {}
    return made | ({"style": "primary"} if one.primary else {})


def select(block_id: str, action: str, words: str, values: Sequence[str]) -> Block:
    """Returns a menu of values. The caller checks their length and that of the block's ID."""
    menu = {
        "type": "static_select",
        "action_id": action,
        "placeholder": {"type": "plain_text", "text": words, "emoji": False},
        "options": [
            {"text": {"type": "plain_text", "text": one, "emoji": False}, "value": one}
            for one in values[: limits.OPTIONS]
        ],
    }
    return {"type": "actions", "block_id": block_id, "elements": [menu]}


def option_groups(
    block_id: str, action: str, words: str, groups: Mapping[str, Sequence[tuple[str, str]]]
) -> Block:
    """Returns a menu of texts and their values, by group. The caller checks their length."""
    menu = {
        "type": "static_select",
        "action_id": action,
        "placeholder": _plain(words),
        "option_groups": [
            {
                "label": _plain(label.capitalize()),
                "options": [{"text": _plain(text), "value": value} for text, value in some],
            }
            for label, some in groups.items()
        ],
    }
    return {"type": "actions", "block_id": block_id, "elements": [menu]}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def table(rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> Block:
    """Returns a table; its first row has the headings.

    The columns in ``numbers`` are right-aligned. Long cells are shortened to fit.
    """
    settings = [
        {"align": "right"} if n in numbers else {"is_wrapped": True} for n in range(len(rows[0]))
    ]
    return {"type": "table", "rows": _cells(rows, limits.TABLE_ROWS), "column_settings": settings}


def data_table(caption: str, rows: Sequence[Sequence[str]], page_size: int = 5) -> Block:
    """Returns a table that users can page, sort and filter in Slack."""
    shown = _cells(rows, limits.TABLE_ROWS + 1)
    return {
        "type": "data_table",
        "caption": cell(caption, limits.IMAGE_TEXT),
        "rows": shown,
        "page_size": page_size,
    }


def _cells(rows: Sequence[Sequence[str]], most: int) -> list[list[Cell]]:
    """Returns the cells, shortened until the table fits a message.

    Rows are dropped if that is not enough.
    """
    cells: list[list[Cell]] = []
    for longest in _LENGTHS:
        cells = [
            [_cell(text, longest) for text in row[: limits.TABLE_COLUMNS]] for row in rows[:most]
        ]
        if _size(cells) <= _TABLE:
            break
    while _size(cells) > _TABLE:
        cells = cells[: len(cells) * 9 // 10]
    return cells


def _cell(text: str, longest: int) -> Cell:
    return {"type": "raw_text", "text": cell(text, longest) or _NOTHING}


def _size(cells: list[list[Cell]]) -> int:
    return len(json.dumps(cells, ensure_ascii=False))


def lines(title: str, rows: Sequence[Sequence[str]]) -> Block:
    """Returns a table as lines without headings, for workspaces without tables."""
    return section(
        "\n".join([f"*{title}*", *(" · ".join(text for text in row if text) for row in rows)])
    )


def line_chart(
    title: str, categories: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], value: str
) -> Block:
    """Returns a line chart with a value of each series for each category.

    Slack's charts have no gaps.
    """
    labels = [shortened(label, limits.CHART_LABEL) for label in categories[-limits.CHART_POINTS :]]
    lines_ = [
        {
            "name": shortened(name, limits.CHART_LABEL),
            "data": [
                {"label": label, "value": one}
                for label, one in zip(labels, values[-limits.CHART_POINTS :], strict=True)
            ],
        }
        for name, values in series[: limits.CHART_SERIES]
    ]
    chart = {
        "type": "line",
        "series": lines_,
        "axis_config": {"categories": labels, "x_label": "Night", "y_label": value},
    }
    return {
        "type": "data_visualization",
        "title": shortened(title, limits.CHART_TITLE),
        "chart": chart,
    }


def image(url: str, alt_text: str) -> Block:
    """Returns a picture by its URL."""
    return {"type": "image", "image_url": url, "alt_text": cell(alt_text, limits.IMAGE_TEXT)}
