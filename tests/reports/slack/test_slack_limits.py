"""Each of Slack's limits: no problem at the limit, a problem above it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.slack import limits
from sre_reports.slack.blocks import table as made_table
from sre_reports.slack.limits import problems

Block = dict[str, Any]


def section(text: str, **more: Any) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def of_fields(count: int, length: int = 1) -> Block:
    return {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * length}] * count}


def header(length: int) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * length}}


def context(count: int, length: int = 1) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": "x" * length}] * count}


def button(number: int = 0, text: int = 1, **more: Any) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": "x" * text},
        "action_id": str(number),
        **more,
    }


def actions(*elements: Block, **more: Any) -> Block:
    return {"type": "actions", "elements": list(elements), **more}


def table(rows: int, columns: int = 1, length: int = 1, kind: str = "table", **more: Any) -> Block:
    cells = [[{"type": "raw_text", "text": "x" * length}] * columns] * rows
    return {"type": kind, "rows": cells, **more}


def data_table(rows: int, caption: int = 1, **more: Any) -> Block:
    return table(rows, kind="data_table", caption="x" * caption, **more)


def chart(points: int = 1, series: int = 1, title: int = 1, label: int = 2, name: int = 1) -> Block:
    labels = [f"{n:0{label}}" for n in range(points)]
    data = [{"label": one, "value": 1} for one in labels]
    lines = [{"name": "x" * name, "data": data}] * series
    return {
        "type": "data_visualization",
        "title": "x" * title,
        "chart": {"series": lines, "axis_config": {"categories": labels}},
    }


def image(alt_text: int = 1, url: int = 1) -> Block:
    return {"type": "image", "alt_text": "x" * alt_text, "image_url": "x" * url}


AT_AND_OVER = [
    ("blocks", [{"type": "divider"}] * 50, [{"type": "divider"}] * 51),
    ("section", [section("x" * 3_000)], [section("x" * 3_001)]),
    ("empty section", [section("x")], [section("")]),
    ("fields", [of_fields(10)], [of_fields(11)]),
    ("field", [of_fields(1, 2_000)], [of_fields(1, 2_001)]),
    ("header", [header(150)], [header(151)]),
    ("empty header", [header(1)], [header(0)]),
    ("context elements", [context(10)], [context(11)]),
    ("context", [context(1, 3_000)], [context(1, 3_001)]),
    ("buttons", [actions(*map(button, range(25)))], [actions(*map(button, range(26)))]),
    ("no buttons", [actions(button())], [actions()]),
    ("button", [actions(button(text=75))], [actions(button(text=76))]),
    ("value", [actions(button(value="x" * 2_000))], [actions(button(value="x" * 2_001))]),
    ("url", [actions(button(url="x" * 3_000))], [actions(button(url="x" * 3_001))]),
    ("action_id", [actions(button(), button(1))], [actions(button(), button())]),
    ("action_id's length", [actions(button(10**254))], [actions(button(10**255))]),
    ("block_id", [actions(button(), block_id="x" * 255)], [actions(button(), block_id="x" * 256)]),
    (
        "block_ids",
        [section("x", block_id="a"), section("x", block_id="b")],
        [section("x", block_id="a")] * 2,
    ),
    ("rows", [table(100)], [table(101)]),
    ("no rows", [table(1)], [table(0)]),
    ("columns", [table(1, 20)], [table(1, 21)]),
    ("cells", [table(10, 1, 1_000)], [table(11, 1, 1_000)]),
    ("tables", [table(1)], [table(1), table(1)]),
    ("empty cell", [table(1)], [table(1, 1, 0)]),
    ("data rows", [data_table(101)], [data_table(102)]),
    ("a data table's header alone", [data_table(2)], [data_table(1)]),
    ("caption", [data_table(2, 2_000)], [data_table(2, 2_001)]),
    ("page_size", [data_table(2, page_size=100)], [data_table(2, page_size=101)]),
    ("points", [chart(20)], [chart(21)]),
    ("series", [chart(series=6)], [chart(series=7)]),
    ("chart title", [chart(title=50)], [chart(title=51)]),
    ("chart label", [chart(label=20)], [chart(label=21)]),
    ("series' name", [chart(name=20)], [chart(name=21)]),
    ("charts", [chart()] * 2, [chart()] * 3),
    ("alt_text", [image(2_000)], [image(2_001)]),
    ("image url", [image(url=3_000)], [image(url=3_001)]),
]


@pytest.mark.parametrize(
    ("at", "over"), [case[1:] for case in AT_AND_OVER], ids=[case[0] for case in AT_AND_OVER]
)
def test_limits_are_inclusive(at: list[Block], over: list[Block]) -> None:
    assert problems("text", at) == []
    assert len(problems("text", over)) >= 1


def test_the_text_and_the_whole_message_have_limits() -> None:
    assert problems("x" * limits.TEXT, []) == []
    assert problems("x" * (limits.TEXT + 1), []) == [
        "4,001 characters of text: 1 to 4,000 are allowed"
    ]
    assert problems("", []) == ["0 characters of text: 1 to 4,000 are allowed"]
    assert [one for one in problems("text", [section("x" * 2_950)] * 4) if "all blocks" in one]
    assert not [one for one in problems("text", [section("x" * 2_900)] * 4) if "all blocks" in one]


def test_invalid_combinations_are_reported() -> None:
    uneven = table(2)
    uneven["rows"] = [uneven["rows"][0], uneven["rows"][1] * 2]
    assert problems("text", [uneven]) == ["rows of a table differ in width"]
    twice = chart(2)
    twice["chart"]["axis_config"]["categories"] = ["a", "a"]
    assert problems("text", [twice]) == [
        "two points have one label",
        "a series differs from the chart's labels",
    ]
    assert problems("text", [{"type": "section"}]) == ["a section without text"]
    assert problems("text", [{"type": "carousel"}]) == [
        "carousel is no block that we know the limits of"
    ]


@given(st.lists(st.lists(st.text(max_size=400), min_size=5, max_size=5), min_size=1, max_size=100))
def test_a_table_leaves_room_for_other_blocks_and_keeps_ten_rows(
    rows: list[list[str]],
) -> None:
    made = made_table(rows)
    assert len(json.dumps(made["rows"], ensure_ascii=False)) <= limits.WHOLE * 2 // 3
    assert len(made["rows"]) >= min(len(rows), 11)
    assert problems("text", [made]) == []
