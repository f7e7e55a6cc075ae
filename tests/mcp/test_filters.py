"""Filters limit a list and its total; a single finding equals the one in the list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sre_simulator.fleet import BUSY_INSTANCE

Finding = dict[str, Any]


def pages(call: Any, tool: str, **arguments: Any) -> Iterator[Finding]:
    cursor: dict[str, str] = {}
    while True:
        values = call(tool, token_budget=50_000, **arguments, **cursor).structured_content
        yield from values["findings"]
        if values["page"]["next_cursor"] is None:
            return
        cursor = {"cursor": values["page"]["next_cursor"]}


@pytest.fixture(scope="module")
def every(call: Any) -> list[Finding]:
    return list(pages(call, "list_findings", statuses=["ACTIVE", "SUPPRESSED"]))


def test_the_list_has_every_finding_worst_first(every: list[Finding], call: Any) -> None:
    counts = call("summarize").structured_content
    assert sum(one["status"] == "ACTIVE" for one in every) == counts["counts"]["total"]
    assert sum(one["status"] == "SUPPRESSED" for one in every) == counts["suppressed"]
    order = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED"]
    ranks = [order.index(one["severity"]) for one in every]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("arguments", "holds"),
    [
        ({"severities": ["CRITICAL", "LOW"]}, lambda one: one["severity"] in ("CRITICAL", "LOW")),
        ({"severities": ["critical"]}, lambda one: one["severity"] == "CRITICAL"),
        ({"fixable": True}, lambda one: one["fix_available"] in ("YES", "PARTIAL")),
        ({"exploitable": True}, lambda one: one["exploit_available"] == "YES"),
        ({"owners": ["payments", "data"]}, lambda one: one["owner"] in ("payments", "data")),
        ({"accounts": ["111122223333"]}, lambda one: one["account_id"] == "111122223333"),
        ({"regions": ["us-east-1"]}, lambda one: one["region"] == "us-east-1"),
        ({"types": ["ecr"]}, lambda one: one["resource_type"] == "AWS_ECR_CONTAINER_IMAGE"),
        ({"owners": ["payments"], "exploitable": True, "severities": ["HIGH"]},
         lambda one: (one["owner"], one["exploit_available"], one["severity"]) == ("payments", "YES", "HIGH")),
    ],
)  # fmt: skip
def test_a_filter_returns_exactly_the_matching_findings(
    every: list[Finding], call: Any, arguments: dict[str, Any], holds: Callable[[Finding], bool]
) -> None:
    wanted = [one for one in every if one["status"] == "ACTIVE" and holds(one)]
    assert wanted
    assert list(pages(call, "list_findings", **arguments)) == wanted
    assert call("list_findings", **arguments).structured_content["total_findings"] == len(wanted)


def test_a_finding_by_arn_and_by_resource_is_the_same(every: list[Finding], call: Any) -> None:
    one = next(
        one for one in every if one["resource_id"] == BUSY_INSTANCE and one["vulnerability_id"]
    )
    by_arn = call("get_finding", finding_arn=one["finding_arn"]).structured_content
    by_place = call(
        "get_finding", resource_id="prod-web-36", vulnerability_id=one["vulnerability_id"].lower()
    ).structured_content
    assert by_arn["found"]
    assert by_arn["finding"] == one
    assert by_place["wire"] == by_arn["wire"]
    wire = by_arn["wire"]
    assert (wire["findingArn"], wire["title"]) == (one["finding_arn"], one["title"])
    assert {"description", "remediation", "resources", "packageVulnerabilityDetails"} <= wire.keys()


def test_several_matching_findings_are_an_error(
    scan_into: Any, make_finding: Any, open_store: Any, connect: Any
) -> None:
    same = {
        "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2026-7", "vulnerablePackages": []}
    }
    store = scan_into([make_finding(number, **same) for number in range(3)])
    with connect(open_store(store)) as call:
        result = call(
            "get_finding", resource_id="i-0123456789abcdef0", vulnerability_id="CVE-2026-7"
        )
        assert result.is_error
        assert "3 findings of `CVE-2026-7`" in result.content[0].text
        assert result.content[0].text.count("arn:aws:inspector2") == 3
        none = call(
            "get_finding", resource_id="i-0123456789abcdef0", vulnerability_id="CVE-2026-8"
        ).structured_content
        assert (none["found"], none["explanation"]) == (
            False,
            "Inspector reports no such finding for this resource",
        )


def test_an_unknown_owner_is_an_error_not_an_empty_list(call: Any) -> None:
    for tool in (
        "list_findings",
        "export",
        "summarize",
        "priorities",
        "fix_plan",
        "where_vulnerable",
        "changes",
    ):
        given = {"text": "openssl"} if tool == "where_vulnerable" else {}
        result = call(tool, owners=["payment"], **given)
        assert result.is_error
        assert "there is no owner `payment`: the owners are" in result.content[0].text
