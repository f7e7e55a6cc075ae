"""Tokens and pages: bound to their query, and irregular on demand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import PaginationError

if TYPE_CHECKING:
    from tests.simulator.conftest import Connect, Equals, Post, Serve, Walk

    from sre_simulator.inspector.server import Simulator

_PATH = "/findings/list"


def test_a_token_is_long_opaque_and_different_each_time(simulator: Simulator, post: Post) -> None:
    first, second = (post(simulator, _PATH, {}).body["nextToken"] for _ in range(2))
    assert first != second
    assert len(first) == len(second) == 1964
    assert first.startswith("AAMA-")


def test_the_same_token_can_be_posted_twice(simulator: Simulator, post: Post) -> None:
    token = post(simulator, _PATH, {}).body["nextToken"]
    first, second = (post(simulator, _PATH, {"nextToken": token}).body for _ in range(2))
    assert first["findings"] == second["findings"]
    assert first["nextToken"] != second["nextToken"]


def test_an_empty_token_is_no_token(simulator: Simulator, post: Post) -> None:
    assert (
        post(simulator, _PATH, {"nextToken": ""}).body["findings"]
        == post(simulator, _PATH, {}).body["findings"]
    )


def test_the_page_size_may_change_between_pages(
    simulator: Simulator, post: Post, shown: list[dict[str, Any]]
) -> None:
    first = post(simulator, _PATH, {"maxResults": 3}).body
    second = post(simulator, _PATH, {"maxResults": 5, "nextToken": first["nextToken"]}).body
    arns = [each["findingArn"] for each in first["findings"] + second["findings"]]
    assert arns == [each["findingArn"] for each in shown if ":eu-west-1:" in each["findingArn"]][:8]


@pytest.mark.parametrize("change", ["filter", "sort", "region", "account", "operation"])
def test_a_token_is_bound_to_its_query(
    change: str, simulator: Simulator, post: Post, equals: Equals
) -> None:
    token = post(simulator, _PATH, {}).body["nextToken"]
    body: dict[str, Any] = {"nextToken": token}
    path, caller = _PATH, {}
    match change:
        case "filter":
            body["filterCriteria"] = {"severity": equals("HIGH")}
        case "sort":
            body["sortCriteria"] = {"field": "SEVERITY", "sortOrder": "ASC"}
        case "region":
            caller = {"region": "us-east-1"}
        case "account":
            caller = {"key": "SIM444455556666"}
        case _:
            path = "/coverage/list"
    reply = post(simulator, path, body, **caller)
    assert (reply.status, reply.body["reason"]) == (400, "OTHER")
    assert "Input Query has changed" in reply.body["message"]


def test_a_corrupt_or_foreign_token_is_refused(
    simulator: Simulator, serve: Serve, post: Post
) -> None:
    token = post(simulator, _PATH, {}).body["nextToken"]
    middle = "B" if token[900] == "A" else "A"
    for broken in (
        "x",
        "AAMA-é",
        "AAMA-" + "A" * 50,
        token[5:],
        token[:900] + middle + token[901:],
        token[:-8],
    ):
        assert (
            post(simulator, _PATH, {"nextToken": broken}).body["message"] == "Invalid nextToken"
        ), broken
    assert post(serve(), _PATH, {"nextToken": token}).status == 400


def test_a_token_expires_by_the_virtual_clock(serve: Serve, post: Post) -> None:
    simulator = serve(token_ttl=3600)
    token = post(simulator, _PATH, {}).body["nextToken"]
    simulator.clock += timedelta(minutes=59)
    assert post(simulator, _PATH, {"nextToken": token}).status == 200
    simulator.clock += timedelta(minutes=2)
    assert "expired" in post(simulator, _PATH, {"nextToken": token}).body["message"]


@pytest.mark.parametrize(
    ("path", "member"),
    [(_PATH, "findings"), ("/coverage/list", "coveredResources"), ("/members/list", "members")],
)
def test_sparse_pages_hold_everything_once_and_end_with_an_empty_page(
    path: str, member: str, serve: Serve, walk: Walk
) -> None:
    whole = [each for page in walk(serve(), path, {}) for each in page[member]]
    pages = walk(serve(mode="sparse", page_bound=max(1, len(whole) // 30)), path, {})
    assert [each for page in pages for each in page[member]] == whole
    assert pages[-1] == {member: []}
    if member == "findings":
        assert any(not page[member] for page in pages[:-1])
        assert len({len(page[member]) for page in pages}) > 3


def test_sparse_aggregations_have_empty_pages_too(serve: Serve, walk: Walk) -> None:
    body = {"aggregationType": "PACKAGE"}
    whole = [
        each
        for page in walk(serve(), "/findings/aggregation/list", body)
        for each in page["responses"]
    ]
    pages = walk(serve(mode="sparse", seed=3), "/findings/aggregation/list", body)
    assert [each for page in pages for each in page["responses"]] == whole


def test_a_paginator_of_boto3_lists_everything_in_sparse_mode(
    serve: Serve, connect: Connect, shown: list[dict[str, Any]]
) -> None:
    pages = (
        connect(serve(mode="sparse"), region="us-east-1").get_paginator("list_findings").paginate()
    )
    listed = [finding["findingArn"] for page in pages for finding in page["findings"]]
    assert listed == [each["findingArn"] for each in shown if ":us-east-1:" in each["findingArn"]]


def test_boto3_rejects_a_looping_token(serve: Serve, connect: Connect) -> None:
    pages = connect(serve(mode="loop")).get_paginator("list_findings").paginate()
    with pytest.raises(PaginationError, match="same next token"):
        list(pages)


def test_no_page_holds_more_than_the_bound(serve: Serve, post: Post) -> None:
    simulator = serve(page_bound=7)
    assert len(post(simulator, _PATH, {"maxResults": 50}).body["findings"]) == 7
    assert len(post(simulator, _PATH, {"maxResults": 2}).body["findings"]) == 2
