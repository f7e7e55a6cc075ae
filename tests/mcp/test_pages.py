"""Paged lists have no gaps or duplicates, even if data changes. A cursor fits only its query."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import UsageError
from sre_findings.sources.cursors import Cursor, decode

MANY = 10_000
HOST = "i-0123456789abcdef0"


@pytest.fixture(scope="module")
def many(scan_into: Any, make_finding: Any) -> Path:
    store: Path = scan_into([make_finding(number) for number in range(MANY)])
    return store


@pytest.fixture(scope="module")
def ask_many(many: Path, open_store: Any, connect: Any) -> Iterator[Any]:
    with connect(open_store(many)) as call:
        yield call


def pages(call: Any, tool: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        result = call(tool, **arguments, **cursor)
        assert not result.is_error, result.content
        yield result.structured_content
        following = result.structured_content["page"]["next_cursor"]
        if following is None:
            return
        cursor = {"cursor": following}


@pytest.mark.parametrize(
    ("tool", "arguments", "arn"),
    [
        ("check_resource", {"resource_id": HOST, "live": False}, "finding_arn"),
        ("list_findings", {}, "finding_arn"),
        ("export", {}, "findingArn"),
    ],
)
def test_pages_contain_each_of_ten_thousand_findings_once(
    ask_many: Any, tool: str, arguments: dict[str, Any], arn: str
) -> None:
    seen: list[str] = []
    number = 0
    for page in pages(ask_many, tool, token_budget=50_000, **arguments):
        number += 1
        assert page["page"]["start"] == len(seen)
        assert page["page"]["total"] == page["total_findings"] == MANY
        seen += [one[arn] for one in page["findings"]]
        assert page["page"]["listed"] == len(page["findings"])
    assert len(seen) == len({*seen}) == MANY
    assert 20 < number < 130  # pages, each as full as its budget allows


def test_an_item_larger_than_the_budget_is_returned(call: Any) -> None:
    first = call("export", token_budget=500, count=2).structured_content
    assert (first["page"]["listed"], bool(first["page"]["next_cursor"])) == (1, True)
    assert len(json.dumps(first)) > 500 * 4


@pytest.mark.parametrize("budget", [500, 2_000, 50_000])
def test_a_page_fits_its_budget_but_has_at_least_one_item(ask_many: Any, budget: int) -> None:
    page = ask_many("list_findings", token_budget=budget).structured_content
    size, *items = (
        len(json.dumps(one, separators=(",", ":"), ensure_ascii=False).encode())
        for one in (page, *page["findings"])
    )
    assert size <= budget * 4 or page["page"]["listed"] == 1
    assert size + max(items) > budget * 4 * 0.9, "there was room for another one"


@pytest.mark.parametrize(
    ("tool", "arguments", "items"),
    [
        ("summarize", {"by": "vulnerability"}, "groups"),
        ("coverage", {}, "gaps"),
        ("changes", {}, "events"),
        ("priorities", {}, "priorities"),
        ("fix_plan", {}, "lines"),
        ("where_vulnerable", {"text": "openssl"}, "findings"),
        ("sla", {}, "owners"),
        ("snapshots", {}, "snapshots"),
    ],
)
def test_small_pages_and_large_pages_give_the_same_list(
    call: Any, tool: str, arguments: dict[str, Any], items: str
) -> None:
    whole = [
        item for page in pages(call, tool, token_budget=50_000, **arguments) for item in page[items]
    ]
    small = [page[items] for page in pages(call, tool, token_budget=6_000, count=60, **arguments)]
    assert [item for page in small for item in page] == whole[:60]
    assert call(tool, **arguments).structured_content["page"]["total"] == len(whole)


def test_count_limits_all_pages_together(ask_many: Any) -> None:
    got = [
        len(page["findings"])
        for page in pages(ask_many, "list_findings", token_budget=1_000, count=13)
    ]
    assert sum(got) == 13
    assert len(got) > 2


def test_pages_keep_their_snapshot_when_another_is_committed(
    scan_into: Any, make_finding: Any, open_store: Any, connect: Any
) -> None:
    store = scan_into([make_finding(number) for number in range(40)])
    with connect(open_store(store)) as call:
        rest = pages(call, "list_findings", token_budget=1_000)
        first = next(rest)
        scan_into([make_finding(number) for number in range(20, 90)], store)
        following = list(rest)
        newer = call("list_findings").structured_content
    every = [first, *following]
    assert {page["snapshot_id"] for page in every} == {first["snapshot_id"]}
    assert (
        len({one["finding_arn"] for page in every for one in page["findings"]})
        == first["page"]["total"]
        == 40
    )
    assert (newer["page"]["total"], newer["snapshot_id"] == first["snapshot_id"]) == (70, False)


def test_a_cursor_of_a_deleted_snapshot_is_refused(
    scan_into: Any, make_finding: Any, open_store: Any, connect: Any
) -> None:
    store = scan_into([make_finding(number) for number in range(40)])
    with connect(open_store(store)) as call:
        cursor = call("list_findings", token_budget=1_000).structured_content["page"]["next_cursor"]
        scan_into([make_finding(1)], store)
        first = min((store / "commits").iterdir())
        gone = json.loads(first.read_text())["snapshot_id"]
        first.unlink()
        for folder in [store / "snapshots" / gone, *store.glob(f"tables/*/snapshot_id={gone}")]:
            shutil.rmtree(folder)
        result = call("list_findings", token_budget=1_000, cursor=cursor)
    assert result.is_error
    assert (
        f"snapshot `{gone}` of this cursor no longer exists: it was pruned. Repeat the query without a cursor."
        in result.content[0].text
    )


def test_a_cursor_of_another_query_or_tool_is_refused(ask_many: Any) -> None:
    cursor = ask_many("list_findings", token_budget=1_000).structured_content["page"]["next_cursor"]
    for tool, arguments in (
        ("list_findings", {"severities": ["HIGH"]}),
        ("list_findings", {"count": 7}),
        ("export", {}),
        ("check_resource", {"resource_id": HOST}),
    ):
        result = ask_many(tool, cursor=cursor, **arguments)
        assert result.is_error
        assert "this cursor belongs to another query" in result.content[0].text
    assert not ask_many("list_findings", token_budget=9_000, cursor=cursor).is_error


def test_a_modified_cursor_is_refused(ask_many: Any) -> None:
    cursor = ask_many("list_findings", token_budget=1_000).structured_content["page"]["next_cursor"]
    plain = base64.urlsafe_b64decode(cursor + "==").decode()
    parts = plain.split("|")
    for place, value in (
        (1, "20200101T000000Z"),
        (2, "1"),
        (3, "1"),
        (3, "9999999"),
        (4, "0" * 32),
    ):
        changed = "|".join([*parts[:place], value, *parts[place + 1 :]])
        forged = base64.urlsafe_b64encode(changed.encode()).decode().rstrip("=")
        result = ask_many("list_findings", token_budget=1_000, cursor=forged)
        assert result.is_error
        assert "belongs to another query" in result.content[0].text


@given(st.text(max_size=600))
def test_arbitrary_text_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        decode(text, "query", datetime.now(UTC))


@given(st.integers(1, 10**9), st.text())
def test_a_cursor_survives_encoding_and_decoding(place: int, query: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    cursor = Cursor("20261122T010000Z-1", now, place)
    assert decode(cursor.encode(query), query, now) == cursor
    with pytest.raises(UsageError, match="another query"):
        decode(cursor.encode(query), query + "x", now)


def test_a_cursor_is_valid_for_a_day() -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    text = Cursor("20261122T010000Z", now, 1).encode("query")
    assert decode(text, "query", now + timedelta(hours=23)).place == 1
    for then in (now + timedelta(hours=25), now - timedelta(hours=1)):
        with pytest.raises(UsageError, match="has expired"):
            decode(text, "query", then)


def test_pages_of_an_answer_have_the_same_age(
    many: Path, open_store: Callable[..., Any], connect: Any
) -> None:
    clock = [datetime.now(UTC)]
    sources = replace(open_store(many), now=lambda: clock[0], max_age=timedelta(hours=1))
    with connect(sources) as call:
        first = call("list_findings", token_budget=1_000).structured_content
        clock[0] += timedelta(hours=2)
        second = call(
            "list_findings", token_budget=1_000, cursor=first["page"]["next_cursor"]
        ).structured_content
        anew = call("list_findings", token_budget=1_000).structured_content
    assert (first["too_old"], second["too_old"], anew["too_old"]) == (False, False, True)
    assert abs(first["age_seconds"] - second["age_seconds"]) <= 1
