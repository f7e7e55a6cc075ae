"""Each fault affects exactly its call."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sre_simulator.inspector.faults import Bucket, Fault
from sre_simulator.inspector.server import Simulator

if TYPE_CHECKING:
    from tests.simulator.conftest import Connect, Post, Serve

    from sre_simulator.fleet import Fleet

_PATH = "/findings/list"


@pytest.mark.parametrize(
    ("fault", "status", "code", "message"),
    [
        (Fault("throttle", retry_after=2), 429, "ThrottlingException", "Rate exceeded"),
        (Fault("internal"), 500, "InternalServerException", "Internal server error"),
        (
            Fault("gateway_timeout"),
            504,
            "InternalServerErrorException",
            "Endpoint request timed out",
        ),
        (
            Fault("denied"),
            403,
            "AccessDeniedException",
            (
                "User: arn:aws:sts::111122223333:assumed-role/inspector-reader/session is not"
                " authorized to perform: inspector2:ListFindings on resource:"
                " arn:aws:inspector2:eu-west-1:111122223333:/findings/list"
            ),
        ),
        (
            Fault("expired"),
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        (
            Fault("unrecognized"),
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
    ],
)
def test_an_error_fault_gives_the_services_response(
    fault: Fault, status: int, code: str, message: str, serve: Serve, post: Post, connect: Connect
) -> None:
    simulator = serve(faults=[fault, fault])
    reply = post(simulator, _PATH, {})
    assert (reply.status, reply.headers["x-amzn-ErrorType"], reply.body["message"]) == (
        status,
        code,
        message,
    )
    assert reply.headers["Retry-After"] == ("2" if fault.retry_after else None)
    assert (simulator.requests[-1].error, simulator.requests[-1].fault) == (code, fault.kind)
    assert post(simulator, _PATH, {}).status == 200
    simulator.faults.append(Fault(fault.kind, call=3, retry_after=fault.retry_after))
    with pytest.raises(ClientError, match=code):
        connect(simulator).list_findings()


def test_boto3_sees_the_seconds_to_wait_and_recovers_by_retrying(
    serve: Serve, connect: Connect
) -> None:
    simulator = serve(
        faults=[Fault("throttle", times=2, retry_after=1), Fault("internal", call=3, retry_after=4)]
    )
    with pytest.raises(ClientError) as refused:
        connect(simulator).list_findings()
    assert dict(refused.value.response)["retryAfterSeconds"] == 1
    assert len(connect(simulator, attempts=4).list_findings()["findings"]) == 100
    assert [request.status for request in simulator.requests] == [429, 429, 500, 200]


def test_a_fault_counts_only_calls_of_its_operation_and_region(serve: Serve, post: Post) -> None:
    simulator = serve(
        faults=[
            Fault("internal", call=2, region="us-east-1"),
            Fault("denied", "ListCoverage", times=2),
        ]
    )
    calls = [
        ("eu-west-1", _PATH),
        ("us-east-1", _PATH),
        ("eu-west-1", _PATH),
        ("us-east-1", _PATH),
        ("us-east-1", _PATH),
    ]
    assert [post(simulator, path, {}, region=region).status for region, path in calls] == [
        200,
        200,
        200,
        500,
        200,
    ]
    assert [post(simulator, "/coverage/list", {}).status for _ in range(3)] == [403, 403, 200]


def test_a_reset_reaches_the_client_as_a_reset(serve: Serve, post: Post) -> None:
    simulator = serve(faults=[Fault("reset")])
    with pytest.raises(ConnectionResetError) as reset:
        post(simulator, _PATH, {})
    # a plain close raises RemoteDisconnected, which has no errno
    assert reset.value.errno == errno.ECONNRESET
    assert post(simulator, _PATH, {}).status == 200


def test_a_slow_answer_waits_before_its_first_byte(serve: Serve, post: Post) -> None:
    simulator = serve(faults=[Fault("slow", seconds=0.2)])
    began = time.monotonic()
    assert post(simulator, _PATH, {"maxResults": 1}).status == 200
    assert time.monotonic() - began >= 0.2


def test_latency_applies_to_every_response(serve: Serve, post: Post) -> None:
    simulator = serve(latency=0.1)
    began = time.monotonic()
    for _ in range(2):
        post(simulator, "/members/list", {})
    assert time.monotonic() - began >= 0.2


def test_stopping_does_not_wait_for_a_slow_response(fleet: Fleet, post: Post) -> None:
    began = time.monotonic()
    with (
        Simulator(fleet, faults=[Fault("slow", seconds=30)]) as simulator,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(post, simulator, _PATH, {"maxResults": 1})
        while not simulator.requests:
            time.sleep(0.01)
        simulator.__exit__(None, None, None)
        asked.result()
    assert time.monotonic() - began < 10


def test_a_truncated_body_is_shorter_than_its_content_length(serve: Serve, post: Post) -> None:
    simulator = serve(faults=[Fault("truncated")])
    with pytest.raises(IncompleteRead):
        post(simulator, _PATH, {})
    assert post(simulator, _PATH, {}).status == 200


def test_an_html_page_with_status_200_is_empty_to_boto3(
    serve: Serve, post: Post, connect: Connect
) -> None:
    simulator = serve(faults=[Fault("html", times=2)])
    reply = post(simulator, _PATH, {})
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.raw.startswith(b"<!DOCTYPE html>")
    assert "findings" not in connect(simulator).list_findings()


def test_empty_objects_and_truncated_json_come_with_status_200(serve: Serve, post: Post) -> None:
    simulator = serve(faults=[Fault("empty_object"), Fault("garbage", call=2)])
    assert post(simulator, _PATH, {}).raw == b"{}"
    reply = post(simulator, _PATH, {})
    assert reply.status == 200
    assert int(reply.headers["Content-Length"]) == len(reply.raw)
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.raw)


def test_a_loop_fault_repeats_one_token_once(serve: Serve, post: Post) -> None:
    simulator = serve(faults=[Fault("loop", call=2)])
    token = post(simulator, _PATH, {}).body["nextToken"]
    looped = post(simulator, _PATH, {"nextToken": token}).body
    assert looped["nextToken"] == token
    assert post(simulator, _PATH, {"nextToken": token}).body["nextToken"] != token


def test_an_unknown_fault_is_rejected_when_created() -> None:
    with pytest.raises(ValueError, match="meteor"):
        Fault("meteor")


def test_too_many_calls_are_throttled_by_operation_and_region(serve: Serve, post: Post) -> None:
    simulator = serve(rate=0.01, burst=2)
    replies = [post(simulator, "/members/list", {}) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert int(replies[-1].headers["Retry-After"]) > 1
    assert post(simulator, "/members/list", {}, region="us-east-1").status == 200
    assert post(simulator, "/filters/list", {}).status == 200


def test_a_bucket_fills_at_its_rate_and_not_beyond_its_burst() -> None:
    now = [0.0]
    bucket = Bucket(rate=2, burst=3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [None, None, None, 1.0]
    now[0] = 0.5
    assert [bucket.take(), bucket.take()] == [None, 1.0]
    now[0] = 100.0
    assert [bucket.take() for _ in range(4)] == [None, None, None, 1.0]


def _raw(simulator: Simulator, head: str) -> http.client.HTTPResponse:
    with socket.create_connection(
        ("127.0.0.1", urlsplit(simulator.url).port or 0), timeout=5
    ) as connection:
        connection.sendall(head.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        return answer


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST /findings/list HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        ("POST /findings/list HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n", 413),
        ("GET /findings/list HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    ],
)
def test_requests_without_length_or_too_large_end_the_connection(
    head: str, status: int, simulator: Simulator
) -> None:
    answer = _raw(simulator, head)
    assert (answer.status, answer.headers["Connection"]) == (status, "close")


def test_a_connection_is_kept_for_many_requests(simulator: Simulator) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(simulator.url).port, timeout=5)
    connection.connect()
    local = connection.sock.getsockname()
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260314/eu-west-1/inspector2/aws4_request"
    }
    for _ in range(3):
        connection.request("POST", "/members/list", b"", headers)
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (200, 11)
        answer.read()
        assert connection.sock.getsockname() == local
    connection.close()


def test_a_simulator_has_no_url_before_it_is_entered(fleet: Fleet) -> None:
    stopped: Any = Simulator(fleet)
    with pytest.raises(RuntimeError, match="enter it"):
        _ = stopped.url
    stopped.__exit__(None, None, None)


def test_a_client_that_disconnects_is_ignored(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serve()
    with socket.create_connection(
        ("127.0.0.1", urlsplit(simulator.url).port or 0), timeout=5
    ) as connection:
        connection.sendall(b"POST /findings/list HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    simulator.__exit__(None, None, None)
    assert capsys.readouterr().err == ""


def test_an_error_in_the_simulator_is_printed(
    serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = serve()
    monkeypatch.setattr("sre_simulator.inspector.transport.control", lambda *_: 1 / 0)
    with pytest.raises(http.client.RemoteDisconnected):
        _raw(simulator, "GET /_simulator/requests HTTP/1.1\r\nHost: x\r\n\r\n")
    simulator.__exit__(None, None, None)
    assert "ZeroDivisionError" in capsys.readouterr().err
