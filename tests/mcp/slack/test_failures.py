"""After any failure, the user gets a correct text, and the log has a line.

A job that fails for good is in the dead-letter queue.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sre_simulator.fleet import CLEAN_INSTANCE
from sre_simulator.inspector.server import Fault

RETRY = " Your request is saved. I'll try again within a few minutes."
NOT_REACHED = "I couldn't reach the server."
NO_ENTRY = "The server rejected my token. The app owner needs to check it."
UNREAD = "I can't read my secrets. The app owner needs to check my permissions."
NO_RECORDS = "I can't write to my table."


def failed(chain: Any, reason: str) -> None:
    """Asserts that a command fails three times: two texts, a dead letter and three log lines."""
    url = chain.slack.response_url()
    assert chain.types(CLEAN_INSTANCE, url)[0] == 200
    chain.function.settle()
    (letter,) = chain.function.dead_letters
    assert json.loads(letter.event)["job"]["text"] == CLEAN_INSTANCE
    promise, apology = chain.texts(url)
    assert promise == reason + RETRY
    assert (
        apology == f"Sorry, I couldn't answer. {reason} Please try again later (operation"
        f" `{letter.request_id}`)."
    )
    lines = [line for line in chain.lines() if line.get("operation") == letter.request_id]
    assert [(line["level"], line["message"], line["failures"]) for line in lines] == [
        ("error", "not answered", number) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (503, NOT_REACHED),
        (500, NOT_REACHED),
        (429, "The server is receiving too many requests."),
        (401, NO_ENTRY),
    ],
)
def test_the_server_answers_with_an_error(chain: Any, status: int, reason: str) -> None:
    chain.way.fault = (status, b"<!channel> down", {"Retry-After": "30"})
    failed(chain, reason)


def test_the_server_breaks_off_in_the_middle(chain: Any) -> None:
    chain.way.cut = True
    failed(chain, NOT_REACHED)


def test_the_server_answers_with_html(chain: Any) -> None:
    chain.way.fault = (200, b"<html>Sign in</html>", {})
    failed(chain, NOT_REACHED)


def test_the_server_is_down(start: Any) -> None:
    with start(environ={"SRE_SERVER": "http://127.0.0.1:9/mcp"}) as chain:
        failed(chain, NOT_REACHED)


def test_the_server_does_not_know_the_token(start: Any) -> None:
    with start(token="sre_unknown-token-of-the-chain") as chain:
        failed(chain, NO_ENTRY)


def test_the_server_is_too_slow(start: Any) -> None:
    """A call may take half of the invocation's time; the other half is for the report."""
    with start(timeout=6.0) as chain:
        chain.way.seconds = 30.0
        failed(chain, "The server took too long to answer.")
        chain.way.delay.set()


def test_a_job_is_retried_when_the_server_is_back(chain: Any) -> None:
    fault: tuple[int, bytes, dict[str, str]] = (503, b"", {})
    chain.way.fault = fault

    def heal() -> None:
        chain.way.fault = fault if chain.way.calls == 1 else None

    chain.way.calls, chain.way.before = 0, heal
    url = chain.slack.response_url()
    chain.types(CLEAN_INSTANCE, url)
    chain.function.settle()
    promise, answer = chain.slack.posts(url)
    assert promise["text"] == NOT_REACHED + RETRY
    assert "Inspector reports no findings" in answer["text"]
    assert answer["replace_original"] is True
    assert chain.function.dead_letters == []


def test_lambda_refuses_the_job(chain: Any) -> None:
    for status in (403, 429, 500):
        chain.function.refusal = status
        answered, said = chain.types(CLEAN_INSTANCE)
        assert (answered, said["text"][:30]) == (200, "I couldn't start your request.")
    assert [line["level"] for line in chain.lines() if line["message"] == "cannot acknowledge"] == [
        "error"
    ] * 3


def denied(kind: str) -> dict[str, str]:
    return {
        "__type": kind,
        "message": "User arn:aws:sts::111122223333:assumed-role/x is not allowed",
    }


@pytest.fixture
def of_dynamodb(service: Any, start: Any) -> Iterator[Any]:
    """A chain whose table throttles requests."""
    for operation in ("PutItem", "UpdateItem", "DeleteItem", "GetItem"):
        service.tell(
            operation, denied("com.amazonaws.dynamodb.v20120810#ThrottlingException"), status=400
        )
    with start(environ={"AWS_ENDPOINT_URL_DYNAMODB": service.url}, retries=(0.05,)) as chain:
        yield chain


def test_a_throttled_table_is_reported_without_announcing_a_retry(of_dynamodb: Any) -> None:
    """Attempts cannot be counted, so no text announces a retry or the last attempt."""
    event, url = of_dynamodb.job(CLEAN_INSTANCE)
    of_dynamodb.function.invoke_later(event)
    of_dynamodb.function.settle()
    (letter,) = of_dynamodb.function.dead_letters
    after = (
        " If no answer appears here within a few minutes, please try again (operation"
        f" `{letter.request_id}`)."
    )
    assert of_dynamodb.texts(url) == [NO_RECORDS + after] * 2
    assert [line["failures"] for line in of_dynamodb.lines()] == [None] * 2
    assert of_dynamodb.way.calls == 0


def test_a_missing_table_setting_is_reported(start: Any) -> None:
    with start(environ={"SRE_SLACK_TABLE": ""}, retries=()) as chain:
        event, url = chain.job(CLEAN_INSTANCE)
        chain.function.invoke_later(event)
        chain.function.settle()
        (text,) = chain.texts(url)
    assert text.startswith(f"{NO_RECORDS} If no answer appears here")


@pytest.fixture
def of_secrets(service: Any, start: Any) -> Iterator[Any]:
    """A chain without permission to read its secret."""
    service.tell("GetSecretValue", denied("AccessDeniedException"), status=400)
    with start(environ={"AWS_ENDPOINT_URL_SECRETS_MANAGER": service.url}) as chain:
        yield chain


def test_the_front_may_not_read_its_secret(of_secrets: Any) -> None:
    status, said = of_secrets.types(CLEAN_INSTANCE)
    assert (status, said["response_type"]) == (200, "ephemeral")
    assert said["text"].startswith(
        "I can't read my secrets, so I can't verify this request. Nothing was started."
    )
    assert of_secrets.post("text=x", {}) == (401, None)
    fault, refused = of_secrets.lines()
    assert (fault["level"], fault["message"]) == ("error", "cannot check a signature")
    assert "Allow secretsmanager:GetSecretValue" in fault["error"]
    assert "assumed-role" not in of_secrets.function.log
    assert refused["message"] == "refused"


def test_the_worker_may_not_read_its_secret(of_secrets: Any) -> None:
    event, url = of_secrets.job(CLEAN_INSTANCE)
    of_secrets.function.invoke_later(event)
    of_secrets.function.settle()
    (letter,) = of_secrets.function.dead_letters
    promise, apology = of_secrets.texts(url)
    assert promise == UNREAD + RETRY
    assert apology.startswith(f"Sorry, I couldn't answer. {UNREAD}")
    assert f"`{letter.request_id}`" in apology
    assert len(of_secrets.lines()) == 3


Post = tuple[int, str, dict[str, str]]


@pytest.mark.parametrize(
    "fault", [(429, "", {"Retry-After": "1"}), (400, "invalid_blocks", {})], ids=["busy", "blocks"]
)
def test_slack_gets_the_message_after_a_rate_limit_or_rejected_blocks(
    chain: Any, fault: Post
) -> None:
    chain.slack.faults.append(fault)
    event, url = chain.job(CLEAN_INSTANCE)
    assert json.loads(chain.function.invoke(event).payload) == {"outcome": "answered"}
    (post,) = chain.slack.posts(url)
    assert "Inspector reports no findings" in post["text"]


def spent(chain: Any, url: str) -> None:
    chain.slack.expire(url)


def used(chain: Any, url: str) -> None:
    for _ in range(5):
        chain.slack.take(url.removeprefix(f"http://{chain.slack.address}"), b'{"text": "x"}')


@pytest.mark.parametrize(("end", "said"), [(spent, "expired_url"), (used, "used_url")])
def test_an_expired_response_url_gives_a_dead_letter_and_log_lines(
    chain: Any, end: Callable[[Any, str], None], said: str
) -> None:
    event, url = chain.job(CLEAN_INSTANCE)
    end(chain, url)
    chain.function.invoke_later(event)
    chain.function.settle()
    (letter,) = chain.function.dead_letters
    lines = [
        line for line in chain.lines() if line.get("key") == json.loads(letter.event)["job"]["key"]
    ]
    assert [line["message"] for line in lines] == [
        "not answered",
        "could not notify the user",
        "not answered",
        "not answered",
        "could not notify the user",
    ]
    assert all(said in line["error"] for line in lines)


def test_the_answer_is_sent_when_slack_is_back(chain: Any) -> None:
    # Slack refuses the answer, but accepts the announcement of a retry
    chain.slack.faults += [(503, "", {}), (200, "ok", {})]
    event, url = chain.job(CLEAN_INSTANCE)
    chain.function.invoke_later(event)
    chain.function.settle()
    (post,) = chain.slack.posts(url)
    assert "Inspector reports no findings" in post["text"]
    assert chain.function.dead_letters == []


def test_an_answer_from_a_partial_snapshot_says_so(
    start: Any, serve_channel: Any, scan_into: Any, make_finding: Callable[..., dict[str, Any]]
) -> None:
    there = {
        "id": "i-0fedcba9876543210",
        "type": "AWS_EC2_INSTANCE",
        "region": "us-east-1",
        "partition": "aws",
    }
    arn = f"arn:aws:inspector2:us-east-1:111122223333:finding/{2:032x}"
    findings = [make_finding(1), make_finding(2, resources=[there], findingArn=arn)]
    denied_ = Fault("denied", "ListFindings", region="us-east-1", times=9)
    store = scan_into(findings, faults=[denied_])
    with serve_channel(store) as known, start(known=known) as chain:
        url = chain.slack.response_url()
        chain.types("", url)
        chain.function.settle()
        (post,) = chain.slack.posts(url)
    told = json.dumps(post["blocks"])
    assert ":warning: us-east-1: findings denied" in told
    assert "partial." in told
