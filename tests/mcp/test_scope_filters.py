"""Every filter of every tool limits the answer and refuses unknown values.

For data that was not read, the answer is unknown.
"""

from __future__ import annotations

from typing import Any

import pytest

from sre_mcp.tools.arguments import Paged
from sre_mcp.tools.registry import TOOLS
from sre_simulator.fleet import BUSY_INSTANCE

Given = dict[str, Any]

NARROW: Given = {"owners": ["payments"], "accounts": ["111122223333"], "regions": ["us-east-1"]}
TYPES: Given = {"types": ["ecr"]}
SEVERITIES: Given = {"severities": ["CRITICAL"]}
STATUSES: Given = {"statuses": ["SUPPRESSED"]}
REACHABLE: Given = {"reachable": True}
# For each tool: arguments without filters, and its filters with an existing value.
ASKED: dict[str, tuple[Given, Given]] = {
    "check_resource": (
        {"resource_id": BUSY_INSTANCE, "live": False},
        SEVERITIES | {"suppressed": True} | REACHABLE,
    ),
    "list_findings": (
        {},
        NARROW | TYPES | SEVERITIES | STATUSES | {"fixable": True, "exploitable": True} | REACHABLE,
    ),
    "where_vulnerable": ({"text": "openssl"}, NARROW | REACHABLE),
    "export": (
        {},
        NARROW | TYPES | SEVERITIES | STATUSES | {"resource_id": BUSY_INSTANCE} | REACHABLE,
    ),
    "summarize": ({}, {"owners": ["payments"]}),
    "priorities": (
        {},
        NARROW
        | TYPES
        | {"resource": BUSY_INSTANCE, "kev": True, "exploitable": True, "exposed": True}
        | REACHABLE,
    ),
    "fix_plan": ({}, NARROW | TYPES | {"images": True, "applied": 3, "resource": BUSY_INSTANCE}),
    "sla": ({}, {"owners": ["payments"], "resource": BUSY_INSTANCE}),
    "coverage": ({}, {"owners": ["payments"]}),
    "changes": ({}, NARROW | {"kinds": ["resolved"]}),
    "time_to_fix": ({}, NARROW),
}
# Arguments that are not filters, and tools without filters or with separate tests.
NO_FILTER = {
    "as_of",
    "since",
    "days",
    "by",
    "live",
    "region",
    "context",
    "format",
    "columns",
    "excel",
    "raw",
    "author",
    "details",
}
OTHERS = {"get_finding", "trend", "suppressions", "snapshots", "operations", "claims", "take"}


def test_every_argument_is_listed_here() -> None:
    assert {*ASKED} | OTHERS == {*TOOLS}
    for name, (given, filters) in ASKED.items():
        own = {*TOOLS[name].arguments.model_fields} - {*Paged.model_fields} - NO_FILTER
        assert own - {*given} == {*filters} - {*given}, name


def told(result: Any) -> Given:
    """An answer without values that depend on the time or repeat the query."""
    values = dict(result.structured_content)
    return {
        name: value
        for name, value in values.items()
        if name not in ("age_seconds", "headline", "scope", "filters")
    }


@pytest.mark.parametrize("name", ASKED)
def test_every_filter_changes_the_answer(call: Any, name: str) -> None:
    given, filters = ASKED[name]
    whole = told(call(name, **given))
    for argument, value in filters.items():
        result = call(name, **given, **{argument: value})
        assert not result.is_error, (name, argument, result.content)
        assert told(result) != whole, f"{name} takes {argument} and leaves it out"


STRANGERS: dict[str, tuple[list[str], str]] = {
    "owners": (["paymets"], "Did you mean `payments`?"),
    "accounts": (["999999999999"], "is not in the snapshot"),
    "regions": (["us-eats-1"], "Did you mean `us-east-1`"),
    "types": (["ec3"], "is not a resource type"),
}


@pytest.mark.parametrize("name", ASKED)
def test_an_unknown_value_is_an_error_with_similar_values(call: Any, name: str) -> None:
    given, filters = ASKED[name]
    for argument in filters.keys() & STRANGERS.keys():
        value, words = STRANGERS[argument]
        result = call(name, **given, **{argument: value})
        assert result.is_error, (name, argument)
        assert words in result.content[0].text


@pytest.mark.parametrize(
    "name", [name for name, (_, filters) in ASKED.items() if "regions" in filters]
)
def test_a_region_that_was_not_scanned_is_unknown(call: Any, name: str) -> None:
    result = call(name, **ASKED[name][0], regions=["ap-southeast-2"])
    assert result.structured_content["known"] is False
    assert result.structured_content["unread"]
    assert result.content[0].text.startswith("Unknown: ")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("owner", "paymets"),
        ("region", "us-eats-1"),
        ("account", "999999999999"),
        ("type", "EC3"),
        ("resource", "i-no"),
    ],
)
def test_a_trend_of_an_unknown_scope_is_an_error(call: Any, kind: str, value: str) -> None:
    assert call("trend", kind=kind, value=value).is_error


def test_a_trend_of_a_region_that_was_not_scanned_is_unknown(call: Any) -> None:
    values = call("trend", kind="region", value="ap-southeast-2").structured_content
    assert (values["known"], values["nights"]) == (False, [])
