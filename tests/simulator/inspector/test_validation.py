"""The requests that the service rejects, and its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.simulator.conftest import Connect, Post

    from sre_simulator.inspector.server import Simulator

_ONE = "1 validation error detected: Value at "


def _filter(**members: Any) -> dict[str, Any]:
    return {"filterCriteria": members}


def _text(comparison: str = "EQUALS", value: str = "x") -> dict[str, str]:
    return {"comparison": comparison, "value": value}


@pytest.mark.parametrize(
    ("body", "constraint"),
    [
        (
            {"maxResults": 123},
            (
                "'maxResults' failed to satisfy constraint: Member must have value less than or"
                " equal to 100"
            ),
        ),
        (
            {"maxResults": 0},
            (
                "'maxResults' failed to satisfy constraint: Member must have value greater than or"
                " equal to 1"
            ),
        ),
        (
            _filter(severity=[_text()] * 11),
            (
                "'filterCriteria.severity' failed to satisfy constraint: Member must have length"
                " less than or equal to 10"
            ),
        ),
        (
            _filter(severity=[]),
            (
                "'filterCriteria.severity' failed to satisfy constraint: Member must have length"
                " greater than or equal to 1"
            ),
        ),
        (
            _filter(title=[_text("CONTAINS")]),
            (
                "'filterCriteria.title.1.member.comparison' failed to satisfy constraint: "
                "Member must satisfy enum value set: [EQUALS, PREFIX, NOT_EQUALS]"
            ),
        ),
        (
            _filter(title=[_text(), _text(value="x" * 1025)]),
            (
                "'filterCriteria.title.2.member.value' failed to satisfy constraint: Member must"
                " have length less than or equal to 1"
            ),
        ),
        (
            _filter(title=[_text(value="")]),
            (
                "'filterCriteria.title.1.member.value' failed to satisfy constraint: Member must"
                " have length greater than"
            ),
        ),
        (
            _filter(title=[{"value": "x"}]),
            (
                "'filterCriteria.title.1.member.comparison' failed to satisfy constraint: Member"
                " must not be null"
            ),
        ),
        (
            _filter(portRange=[{"beginInclusive": 70000}]),
            (
                "'filterCriteria.portRange.1.member.beginInclusive' failed to satisfy constraint: "
                "Member must have value less than or equal to 65535"
            ),
        ),
        (
            {"sortCriteria": {"field": "UPDATED_AT"}},
            (
                "'sortCriteria.sortOrder' failed to satisfy constraint: Member must not be null;"
                " Value at 'sortCriteria.field' failed to satisfy constraint: Member must satisfy"
                " enum value set: "
            ),
        ),
        (
            _filter(updatedAt=[{"endInclusive": 1988150400}]),
            "'filterCriteria.updatedAt.1.member.endInclusive' failed",
        ),
        (
            _filter(updatedAt=[{"startInclusive": -1}]),
            "'filterCriteria.updatedAt.1.member.startInclusive' failed",
        ),
    ],
)
def test_a_violated_limit_gives_corals_message(
    body: dict[str, Any], constraint: str, simulator: Simulator, post: Post
) -> None:
    reply = post(simulator, "/findings/list", body)
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert constraint in reply.body["message"]
    assert reply.body["message"].startswith((_ONE, "2 validation errors detected: Value at "))
    assert reply.body["reason"] == "FIELD_VALIDATION_FAILED"
    assert all(set(field) == {"name", "message"} for field in reply.body["fields"])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/coverage/list", {"maxResults": 201}),
        ("/coverage/list", {"filterCriteria": {"resourceId": [_text("PREFIX")]}}),
        ("/members/list", {"maxResults": 51}),
        ("/delegatedadminaccounts/list", {"maxResults": 6}),
        ("/findings/details/batch/get", {"findingArns": ["arn"] * 11}),
        ("/findings/details/batch/get", {}),
        ("/status/batch/get", {"accountIds": ["111122223333"] * 101}),
        ("/status/batch/get", {"accountIds": ["1"]}),
        ("/findings/aggregation/list", {}),
        ("/findings/aggregation/list", {"aggregationType": "REGION"}),
        ("/findings/aggregation/list", {"aggregationType": "ACCOUNT", "aggregationRequest": {}}),
        ("/coverage/statistics/list", {"groupBy": "REGION"}),
        ("/filters/list", {"action": "DELETE"}),
    ],
)
def test_every_operation_keeps_its_own_limits(
    path: str, body: dict[str, Any], simulator: Simulator, post: Post
) -> None:
    reply = post(simulator, path, body)
    assert (reply.status, reply.body["reason"]) == (400, "FIELD_VALIDATION_FAILED")


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[]",
        b'{"maxResults": "10"}',
        b'{"maxResults": true}',
        b'{"filterCriteria": {"updatedAt": [{"startInclusive": "2026-01-01"}]}}',
        b'{"filterCriteria": {"title": {}}}',
        b'{"nextToken": 7}',
    ],
)
def test_invalid_json_is_rejected_with_the_services_message(
    body: bytes, simulator: Simulator, post: Post
) -> None:
    reply = post(simulator, "/findings/list", body)
    assert (reply.status, reply.body["reason"]) == (400, "CANNOT_PARSE")
    assert "fields" not in reply.body


def test_a_boolean_must_be_a_boolean(simulator: Simulator, post: Post) -> None:
    assert post(simulator, "/members/list", {"onlyAssociated": True}).status == 200
    assert (
        post(simulator, "/members/list", {"onlyAssociated": "yes"}).body["reason"] == "CANNOT_PARSE"
    )


def test_unknown_members_and_nulls_are_ignored(simulator: Simulator, post: Post) -> None:
    assert (
        post(
            simulator,
            "/findings/list",
            {"colour": "red", "maxResults": None, "filterCriteria": {"x": []}},
        ).status
        == 200
    )


@pytest.mark.parametrize(
    "body",
    [
        {"aggregationType": "AMI"},
        {"aggregationType": "ACCOUNT", "aggregationRequest": {"titleAggregation": {}}},
    ],
)
def test_an_aggregation_must_be_known_and_fit_its_type(
    body: dict[str, Any], simulator: Simulator, post: Post
) -> None:
    reply = post(simulator, "/findings/aggregation/list", body)
    assert (reply.status, reply.body["reason"]) == (400, "OTHER")


def test_a_value_that_no_finding_has_gives_an_empty_page(simulator: Simulator, post: Post) -> None:
    assert post(simulator, "/findings/list", _filter(severity=[_text(value="SEVERE")])).body == {
        "findings": []
    }


def test_boto3_shows_reason_and_fields(simulator: Simulator, connect: Connect) -> None:
    with pytest.raises(ClientError) as refused:
        connect(simulator).list_findings(maxResults=123)
    assert "ValidationException" in str(refused.value)
    assert dict(refused.value.response)["reason"] == "FIELD_VALIDATION_FAILED"
    assert dict(refused.value.response)["fields"] == [
        {"name": "maxResults", "message": "Member must have value less than or equal to 100"}
    ]


def test_an_unsigned_request_is_refused(simulator: Simulator, post: Post) -> None:
    reply = post(simulator, "/findings/list", {}, region="Not A Region")
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (
        403,
        "MissingAuthenticationTokenException",
    )
