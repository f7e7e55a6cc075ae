"""One attempt through botocore, for every way in which a service or a network can respond."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import botocore.config
import botocore.session
import pytest

from sre_findings import aws_errors
from sre_findings.inspector import client
from sre_findings.inspector.client import Call, connect
from sre_findings.inspector.retry import Transient
from sre_findings.inspector.wire.body import Garbled
from sre_findings.inspector.wire.findings import decode_findings
from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    Rejected,
    SreError,
    UsageError,
)

DENIED = (
    "User: arn:aws:sts::111122223333:assumed-role/x is not authorized to perform:"
    " inspector2:ListFindings on resource: arn:aws:inspector2:eu-west-1:111122223333:/findings/list"
)


@pytest.fixture(scope="module")
def call(http_of_module: Any) -> Iterator[Call]:
    """An Inspector client of ``http``, with settings that would make botocore retry."""
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("AWS_ENDPOINT_URL_INSPECTOR2", http_of_module.url)
        settings.setenv("AWS_EC2_METADATA_DISABLED", "true")
        settings.setenv("AWS_ACCESS_KEY_ID", "TESTING")
        settings.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        settings.setenv("AWS_MAX_ATTEMPTS", "5")
        settings.setenv("AWS_RETRY_MODE", "adaptive")
        yield connect("eu-west-1")


def error(reply: Any, status: int, code: str, message: str, **headers: str) -> Any:
    """An error in the format of API Gateway and the service."""
    body = b'{"message":"%s"}' % message.encode()
    return reply(
        status, body, {"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/", **headers}
    )


def failure(call: Call, http: Any, *replies: Any) -> BaseException:
    """The error that one call raises. Asserts that the call made exactly one request."""
    http.reply(*replies)
    with pytest.raises((SreError, Transient)) as raised:
        call("ListFindings", {"maxResults": 100})
    assert len(http.requests) == 1, "botocore repeated it by itself"
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_good_body_arrives_untouched_and_the_request_is_what_was_asked(
    call: Call, http: Any, reply: Any
) -> None:
    body = (
        b'{ "findings" : [ {"findingArn":"a","firstObservedAt":1.678220584098E9,"unheardOf":null}'
        b' ],\n "nextToken":""}  '
    )
    http.reply(reply(200, body))
    query = {
        "maxResults": 100,
        "filterCriteria": {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]},
    }
    assert call("ListFindings", query) == body
    (asked,) = http.requests
    assert (asked.path, asked.json) == ("/findings/list", query)
    assert "/eu-west-1/inspector2/aws4_request" in asked.headers["authorization"]
    assert "sre-operations-assistant" in asked.headers["user-agent"]


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("ListCoverage", "/coverage/list"),
        ("BatchGetAccountStatus", "/status/batch/get"),
        ("ListFindingAggregations", "/findings/aggregation/list"),
        ("ListMembers", "/members/list"),
    ],
)
def test_every_operation_is_asked_where_it_lives(
    call: Call, http: Any, operation: str, path: str
) -> None:
    assert call(operation, {}) == b"{}"
    assert http.requests[0].path == path
    assert http.requests[0].json == {}


def test_the_callers_body_is_left_as_it_is(call: Call, http: Any) -> None:
    body = {"maxResults": 100}
    call("ListFindings", body)
    assert http.requests[0].json == body == {"maxResults": 100}


@pytest.mark.parametrize(
    "garbage",
    [b"<html><body>Sign in to the Wi-Fi</body></html>", b"", b"\xff\xfe\x00", b"null", b'{"fin'],
)
def test_a_200_response_without_an_answer_differs_from_an_empty_answer(
    call: Call, http: Any, reply: Any, garbage: bytes
) -> None:
    http.reply(reply(200, garbage, {"Content-Type": "text/html"}))
    body = call("ListFindings", {})
    assert body == garbage
    with pytest.raises(Garbled):
        decode_findings(body)
    assert len(http.requests) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "ThrottlingException"),
        (429, "TooManyRequestsException"),
        (400, "ThrottlingException"),
        (400, "Throttling"),
        (429, ""),
    ],
)
def test_a_throttle_is_transient_and_says_that_it_is_one(
    call: Call, http: Any, reply: Any, status: int, code: str
) -> None:
    raised = failure(call, http, error(reply, status, code, "Rate exceeded"))
    assert isinstance(raised, Transient)
    assert (raised.throttled, raised.retry_after, str(raised)) == (True, None, "Rate exceeded")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("99999", 600.0), ("soon", None), ("-3", None), ("", None)],
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_retry_after_is_read_from_its_header_and_believed_for_ten_minutes(
    call: Call, http: Any, reply: Any, status: int, header: str, seconds: float | None
) -> None:
    raised = failure(call, http, error(reply, status, "X", "busy", **{"Retry-After": header}))
    assert isinstance(raised, Transient)
    assert raised.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalServerException"),
        (500, ""),
        (502, ""),
        (503, "ServiceUnavailableException"),
        (504, "InternalServerErrorException"),
    ],
)
def test_a_fault_of_the_service_is_transient(
    call: Call, http: Any, reply: Any, status: int, code: str
) -> None:
    raised = failure(call, http, error(reply, status, code, "Endpoint request timed out"))
    assert isinstance(raised, Transient)
    assert not raised.throttled
    assert "Endpoint request timed out" in str(raised)


@pytest.mark.parametrize(
    "body", [b"<html><head></head>\n<body>Bad\nGateway</body></html>", b"", b"\xff"]
)
def test_a_fault_in_the_words_of_a_proxy_is_transient(
    call: Call, http: Any, reply: Any, body: bytes
) -> None:
    raised = failure(call, http, reply(502, body, {"Content-Type": "text/html"}))
    assert isinstance(raised, Transient)
    assert not raised.throttled


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ForbiddenException", "", "OptInRequired"]
)
def test_a_denial_is_told_with_awss_own_words_and_the_policy_to_attach(
    call: Call, http: Any, reply: Any, code: str
) -> None:
    raised = failure(call, http, error(reply, 403, code, DENIED))
    assert isinstance(raised, AccessDenied)
    line = '"Effect": "Allow", "Action": "inspector2:ListFindings", "Resource": "*"'
    assert str(raised).endswith(
        f"Attach AmazonInspector2ReadOnlyAccess to the role, or add to its policy: {line}"
    )
    assert str(raised).startswith(f"AWS denied it: {DENIED}")


@pytest.mark.parametrize("code", sorted(aws_errors._CREDENTIAL_CODES))
@pytest.mark.parametrize("status", [400, 403])
def test_credentials_that_aws_does_not_accept_are_told_apart_from_a_denial(
    call: Call, http: Any, reply: Any, code: str, status: int
) -> None:
    raised = failure(
        call,
        http,
        error(reply, status, code, "The security token included in the request is expired"),
    )
    assert isinstance(raised, CredentialsInvalid)
    assert "is expired. Renew them (aws sso login), then try again." in str(raised)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ValidationException"),
        (400, "BadRequestException"),
        (402, "ServiceQuotaExceededException"),
        (404, "ResourceNotFoundException"),
        (404, "UnknownOperationException"),
        (409, "ConflictException"),
    ],
)
def test_what_the_service_refuses_is_rejected_with_its_reason(
    call: Call, http: Any, reply: Any, status: int, code: str
) -> None:
    raised = failure(call, http, error(reply, status, code, "Input Query has changed"))
    assert isinstance(raised, Rejected)
    assert str(raised) == "Inspector rejected the request: Input Query has changed"


def test_a_refused_connection_is_transient(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", refused)
    with pytest.raises(Transient, match="Could not connect to the endpoint URL") as raised:
        connect("eu-west-1")("ListFindings", {})
    assert not raised.value.throttled


def test_a_reset_connection_is_transient(call: Call, http: Any, reply: Any) -> None:
    assert isinstance(failure(call, http, reply(reset=True)), Transient)


@pytest.mark.parametrize("cut", [0, 1, 20])
@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_body_that_breaks_off_is_transient_whatever_its_status_said(
    call: Call, http: Any, reply: Any, cut: int, status: int
) -> None:
    body = b'{"findings":[{"findingArn":"a"}],"nextToken":"t"}'
    assert isinstance(failure(call, http, reply(status, body, cut=cut)), Transient)


def test_a_service_that_is_silent_for_too_long_is_transient(
    http: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", http.url)
    usual = botocore.config.Config

    def impatient(**options: Any) -> Any:
        assert (options["connect_timeout"], options["read_timeout"]) == (
            5,
            65,
        ), "API Gateway itself gives up after 29 s"
        return usual(**{**options, "read_timeout": 0.05})

    monkeypatch.setattr(botocore.config, "Config", impatient)
    release = threading.Event()
    try:
        raised = failure(connect("eu-west-1"), http, reply(after=release))
        assert isinstance(raised, Transient)
        assert "Read timeout" in str(raised)
    finally:
        release.set()


def test_a_good_answer_after_a_bad_one_is_read_on_the_same_client(
    call: Call, http: Any, reply: Any
) -> None:
    for bad in (
        reply(reset=True),
        error(reply, 429, "ThrottlingException", "x"),
        reply(200, b"{}x", cut=1),
    ):
        failure(call, http, bad)
        http.reply(reply(200, b'{"findings":[]}'))
        assert call("ListFindings", {}) == b'{"findings":[]}'


def test_no_credentials_are_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, http: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", http.url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(CredentialsInvalid, match="no AWS credentials were found"):
        connect("eu-west-1")
    assert http.requests == []


def test_half_of_the_credentials_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsInvalid, match="Partial credentials"):
        connect("eu-west-1")


def test_a_profile_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"nobody.* could not be found. Check --profile"):
        connect("eu-west-1", profile="nobody")


def test_an_endpoint_that_is_no_address_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", "not an address")
    with pytest.raises(UsageError, match="Invalid endpoint"):
        connect("eu-west-1")


def test_a_bug_of_ours_is_not_taken_for_a_failure_of_aws() -> None:
    with pytest.raises(ValueError, match="mine"), client.mapped_errors():
        raise ValueError("mine")
    with pytest.raises(Rejected), client.mapped_errors():
        raise Rejected("mine")
