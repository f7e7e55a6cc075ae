"""Whatever fails on the way, the asker reads a true sentence, the log has a line, and what was
given up is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sre_simulator.fleet import CLEAN_INSTANCE
from sre_simulator.inspector.server import Fault

KEPT = " Your request is kept, and I'll try again within minutes."
NOT_REACHED = "I could not reach the server that knows."
NO_ENTRY = "The server did not let me in: somebody must look at my token."
UNREAD = "I cannot read my own secrets: somebody must look at my permissions."
NO_RECORDS = "My own records cannot be written."


def failed(chain: Any, reason: str) -> None:
    """A command that nobody answers: a promise, an apology with its operation, a dead letter, and
    lines of the log."""
    url = chain.slack.response_url()
    assert chain.types(CLEAN_INSTANCE, url)[0] == 200
    chain.function.settle()
    (letter,) = chain.function.dead_letters
    assert json.loads(letter.event)["job"]["text"] == CLEAN_INSTANCE
    promise, apology = chain.texts(url)
    assert promise == reason + KEPT
    assert (
        apology
        == f"I am sorry: I could not answer. {reason} Please ask again later; this was operation"
        f" `{letter.request_id}`."
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
        (429, "The server is asked too often right now."),
        (401, NO_ENTRY),
    ],
)
def test_a_server_that_refuses(chain: Any, status: int, reason: str) -> None:
    chain.way.fault = (status, b"<!channel> down", {"Retry-After": "30"})
    failed(chain, reason)


def test_a_server_that_breaks_off_in_the_middle(chain: Any) -> None:
    chain.way.cut = True
    failed(chain, NOT_REACHED)


def test_a_server_that_answers_something_else(chain: Any) -> None:
    chain.way.fault = (200, b"<html>Sign in</html>", {})
    failed(chain, NOT_REACHED)


def test_a_server_that_is_down(start: Any) -> None:
    with start(environ={"SRE_SERVER": "http://127.0.0.1:9/mcp"}) as chain:
        failed(chain, NOT_REACHED)


def test_a_server_that_does_not_know_the_token(start: Any) -> None:
    with start(token="sre_unknown-token-of-the-chain") as chain:
        failed(chain, NO_ENTRY)


def test_a_server_that_is_too_slow(start: Any) -> None:
    """The time limit is the half of Lambda's: the other half is for saying so."""
    with start(timeout=6.0) as chain:
        chain.way.seconds = 30.0
        failed(chain, "The server that knows took too long to answer.")
        chain.way.delay.set()


def test_a_server_that_comes_back_is_asked_again(chain: Any) -> None:
    fault: tuple[int, bytes, dict[str, str]] = (503, b"", {})
    chain.way.fault = fault

    def heal() -> None:
        chain.way.fault = fault if chain.way.calls == 1 else None

    chain.way.calls, chain.way.before = 0, heal
    url = chain.slack.response_url()
    chain.types(CLEAN_INSTANCE, url)
    chain.function.settle()
    promise, answer = chain.slack.posts(url)
    assert promise["text"] == NOT_REACHED + KEPT
    assert "Inspector reports none" in answer["text"]
    assert answer["replace_original"] is True
    assert chain.function.dead_letters == []


def test_a_lambda_that_does_not_take_the_job(chain: Any) -> None:
    for status in (403, 429, 500):
        chain.function.refusal = status
        answered, said = chain.types(CLEAN_INSTANCE)
        assert (answered, said["text"][:37]) == (200, "I could not start on your request: no")
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
    """A chain whose table throttles."""
    for operation in ("PutItem", "UpdateItem", "DeleteItem", "GetItem"):
        service.tell(
            operation, denied("com.amazonaws.dynamodb.v20120810#ThrottlingException"), status=400
        )
    with start(environ={"AWS_ENDPOINT_URL_DYNAMODB": service.url}, retries=(0.05,)) as chain:
        yield chain


def test_a_table_that_throttles_is_told_without_a_promise(of_dynamodb: Any) -> None:
    """Nobody can count the tries then, so nobody says that this was the last, or that another one
    comes."""
    event, url = of_dynamodb.job(CLEAN_INSTANCE)
    of_dynamodb.function.invoke_later(event)
    of_dynamodb.function.settle()
    (letter,) = of_dynamodb.function.dead_letters
    after = (
        " If no answer takes this place within minutes, ask again; this was operation"
        f" `{letter.request_id}`."
    )
    assert of_dynamodb.texts(url) == [NO_RECORDS + after] * 2
    assert [line["failures"] for line in of_dynamodb.lines()] == [None] * 2
    assert of_dynamodb.way.calls == 0


def test_a_table_that_nobody_named_is_told_too(start: Any) -> None:
    with start(environ={"SRE_SLACK_TABLE": ""}, retries=()) as chain:
        event, url = chain.job(CLEAN_INSTANCE)
        chain.function.invoke_later(event)
        chain.function.settle()
        (text,) = chain.texts(url)
    assert text.startswith(f"{NO_RECORDS} If no answer takes this place")


@pytest.fixture
def of_secrets(service: Any, start: Any) -> Iterator[Any]:
    """A chain that may not read its secret."""
    service.tell("GetSecretValue", denied("AccessDeniedException"), status=400)
    with start(environ={"AWS_ENDPOINT_URL_SECRETS_MANAGER": service.url}) as chain:
        yield chain


def test_secrets_that_are_denied_to_the_one_who_acknowledges(of_secrets: Any) -> None:
    status, said = of_secrets.types(CLEAN_INSTANCE)
    assert (status, said["response_type"]) == (200, "ephemeral")
    assert said["text"].startswith(
        "I cannot read my own secrets, so I cannot tell whether it is you who asks. Nothing was"
        " done"
    )
    assert of_secrets.post("text=x", {}) == (401, None)
    fault, refused = of_secrets.lines()
    assert (fault["level"], fault["message"]) == ("error", "cannot check a signature")
    assert "Allow secretsmanager:GetSecretValue" in fault["error"]
    assert "assumed-role" not in of_secrets.function.log
    assert refused["message"] == "refused"


def test_secrets_that_are_denied_to_the_one_who_works(of_secrets: Any) -> None:
    event, url = of_secrets.job(CLEAN_INSTANCE)
    of_secrets.function.invoke_later(event)
    of_secrets.function.settle()
    (letter,) = of_secrets.function.dead_letters
    promise, apology = of_secrets.texts(url)
    assert promise == UNREAD + KEPT
    assert apology.startswith(f"I am sorry: I could not answer. {UNREAD}")
    assert f"`{letter.request_id}`" in apology
    assert len(of_secrets.lines()) == 3


Post = tuple[int, str, dict[str, str]]


@pytest.mark.parametrize(
    "fault", [(429, "", {"Retry-After": "1"}), (400, "invalid_blocks", {})], ids=["busy", "blocks"]
)
def test_a_slack_that_wants_patience_or_plainer_blocks_gets_its_message(
    chain: Any, fault: Post
) -> None:
    chain.slack.faults.append(fault)
    event, url = chain.job(CLEAN_INSTANCE)
    assert json.loads(chain.function.invoke(event).payload) == {"outcome": "answered"}
    (post,) = chain.slack.posts(url)
    assert "Inspector reports none" in post["text"]


def spent(chain: Any, url: str) -> None:
    chain.slack.expire(url)


def used(chain: Any, url: str) -> None:
    for _ in range(5):
        chain.slack.take(url.removeprefix(f"http://{chain.slack.place}"), b'{"text": "x"}')


@pytest.mark.parametrize(("end", "said"), [(spent, "expired_url"), (used, "used_url")])
def test_an_address_that_takes_no_more_is_a_dead_letter_with_lines_in_the_log(
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
        "could not tell the asker",
        "not answered",
        "not answered",
        "could not tell the asker",
    ]
    assert all(said in line["error"] for line in lines)


def test_a_slack_that_fails_for_a_while_gets_the_answer_later(chain: Any) -> None:
    # the answer is not taken, the promise is
    chain.slack.faults += [(503, "", {}), (200, "ok", {})]
    event, url = chain.job(CLEAN_INSTANCE)
    chain.function.invoke_later(event)
    chain.function.settle()
    (post,) = chain.slack.posts(url)
    assert "Inspector reports none" in post["text"]
    assert chain.function.dead_letters == []


def test_a_snapshot_that_lacks_a_region_is_told_as_such(
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
