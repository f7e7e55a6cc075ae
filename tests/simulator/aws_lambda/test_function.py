"""The local Lambda behaves like AWS Lambda.

Tested with AWS's runtime and a function of five lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from sre_simulator.aws_lambda.function import Deployment, Function, runtime_in
from sre_simulator.slack.response_urls import USES, Hooks

TOY = """
import os, sys, time
tries = 0
def handle(event, context):
    global tries
    tries += 1
    print(f"try {tries} of {context.aws_request_id}")
    if event.get("sleep"): time.sleep(event["sleep"])
    if event.get("end"): os._exit(7)
    if tries <= event.get("failing", 0): raise ValueError("not yet")
    if "requestContext" in event: return {"statusCode": 201, "headers": {"X-Said": event["version"]}, "body": event["body"]}
    return {"tries": tries, "name": context.function_name, "left": context.get_remaining_time_in_millis() > 0}
"""
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 x"}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("toy")
    (folder / "task").mkdir()
    (folder / "task" / "toy.py").write_text(TOY)
    return Deployment(
        folder / "task",
        "toy.handle",
        runtime_in(folder / "runtime"),
        name="toy",
        timeout=4.0,
        retries=(0.0, 0.0),
    )


@pytest.fixture
def function(deployment: Deployment) -> Iterator[Function]:
    with Function(deployment) as function:
        yield function


def asked(
    function: Function, path: str, body: bytes = b"{}", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    connection = HTTPConnection(function.url.removeprefix("http://"), timeout=30)
    try:
        connection.request("POST", path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


INVOKE = "/2015-03-31/functions/toy/invocations"


def test_it_can_be_invoked_synchronously_and_asynchronously(function: Function) -> None:
    status, said, headers = asked(function, INVOKE, headers=SIGNED)
    assert (status, json.loads(said)) == (200, {"tries": 1, "name": "toy", "left": True})
    assert "X-Amz-Function-Error" not in headers
    assert asked(function, INVOKE, headers=SIGNED | {"X-Amz-Invocation-Type": "Event"})[:2] == (
        202,
        b"",
    )
    function.settle()
    assert "try 2 of" in function.log
    status, said, headers = asked(function, INVOKE, b'{"failing": 9}', SIGNED)
    assert (status, json.loads(said)["errorType"], headers["X-Amz-Function-Error"]) == (
        200,
        "ValueError",
        "Unhandled",
    )
    assert asked(function, INVOKE)[0] == 403
    assert asked(function, "/2015-03-31/functions/other/invocations", headers=SIGNED)[0] == 404
    assert asked(function, INVOKE, b" " * 300_000, SIGNED)[0] == 413


def test_a_failed_event_is_tried_three_times_and_then_kept(function: Function) -> None:
    function.invoke_later(b'{"failing": 2}')
    function.settle()
    assert function.dead_letters == []
    assert (
        len(
            {
                line.rpartition(" ")[2]
                for line in function.log.splitlines()
                if line.startswith("try")
            }
        )
        == 1
    )
    function.recycle()
    function.invoke_later(b'{"failing": 9}')
    function.settle()
    (letter,) = function.dead_letters
    assert (letter.event, json.loads(letter.result.payload)["errorType"]) == (
        b'{"failing": 9}',
        "ValueError",
    )


def test_crashes_and_time_outs_are_failures_and_start_a_new_process(
    function: Function,
) -> None:
    assert function.invoke(b'{"end": 1}').error == "Runtime.ExitError"
    late = function.invoke(b'{"sleep": 30}')
    assert (late.error, b"timed out after 4.00 seconds" in late.payload) == (
        "Sandbox.Timedout",
        True,
    )
    assert json.loads(function.invoke(b"{}").payload)["tries"] == 1
    assert len(function.environments) == 3


def test_a_function_that_cannot_be_imported_is_a_failure(
    deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "toy.py").write_text("import no_such_module\n")
    with Function(Deployment(tmp_path, "toy.handle", deployment.runtime)) as function:
        assert function.invoke(b"{}").error
        assert "no_such_module" in function.log


@pytest.mark.parametrize(("payload", "body"), [("2.0", b"\xff form"), ("1.0", b"a form")])
def test_api_gateway_sends_both_event_versions(
    function: Function, payload: str, body: bytes
) -> None:
    function.payload = payload
    status, said, headers = asked(function, "/slack", body)
    if payload == "2.0":
        assert (status, said, headers["X-Said"]) == (201, b"/yBmb3Jt", "2.0")
    else:
        assert status == 500, "the toy knows no version in this form"
        assert b"Internal Server Error" in said


def posted(slack: Hooks, url: str, body: Any) -> tuple[int, str]:
    status, said, _ = slack.take(
        url.removeprefix(f"http://{slack.address}"), json.dumps(body).encode()
    )
    return status, said


def test_slack_accepts_five_valid_responses_and_none_too_late() -> None:
    with Hooks(lambda text, blocks: ["too many"] if len(blocks) > 1 else []) as slack:
        url = slack.response_url()
        assert posted(slack, url, {"text": "x", "blocks": [{}, {}]}) == (400, "invalid_blocks")
        assert posted(slack, url, {"blocks": []}) == (400, "invalid_payload")
        assert [posted(slack, url, {"text": str(n)}) for n in range(USES + 1)] == [
            (200, "ok")
        ] * USES + [(404, "used_url")]
        assert [post["text"] for post in slack.wait(url, USES)] == ["0", "1", "2", "3", "4"]
        with pytest.raises(TimeoutError):
            slack.wait(url, USES + 1, within=0.01)
        slack.expire(other := slack.response_url())
        assert posted(slack, other, {"text": "x"}) == (404, "expired_url")
        assert posted(slack, f"http://{slack.address}/no-such", {"text": "x"}) == (
            404,
            "expired_url",
        )
        slack.channels["C1"] = {"is_shared": False}
        assert [json.loads(slack.tell(one)[1])["ok"] for one in ("C1", "C2")] == [True, False]
