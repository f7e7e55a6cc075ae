"""The zip in AWS's runtime: one message in Slack per signed command, despite redelivery."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE


@pytest.mark.parametrize("payload", ["2.0", "1.0"])
def test_a_command_is_acknowledged_and_answered(chain: Any, payload: str) -> None:
    chain.function.payload = payload
    url = chain.slack.response_url()
    status, said = chain.types(BUSY_INSTANCE, url)
    assert (status, said["response_type"], said["text"]) == (
        200,
        "ephemeral",
        f"Checking `{BUSY_INSTANCE}` …",
    )
    chain.function.settle()
    (post,) = chain.slack.posts(url)
    assert (post["response_type"], post["replace_original"]) == ("ephemeral", True)
    assert "table" in [block["type"] for block in post["blocks"]]
    assert "https://sre.example/reports/" in json.dumps(post["blocks"])
    assert chain.function.dead_letters == []
    (line,) = [line for line in chain.lines() if line["message"] == "answered"][-1:]
    assert (line["level"], line["user"][0], line["kind"]) == ("info", "U", "ask")


def test_a_command_without_a_resource_summarizes_all_resources(chain: Any) -> None:
    url = chain.slack.response_url()
    assert chain.types("", url)[1]["text"] == "Checking all resources that you can see …"
    chain.function.settle()
    (post,) = chain.slack.posts(url)
    assert "past SLA" in json.dumps(post["blocks"])


def test_menus_draft_an_accepted_risk_and_take_a_finding(chain: Any) -> None:
    url = chain.slack.response_url()
    chain.types(BUSY_INSTANCE, url)
    chain.function.settle()
    (answer,) = chain.slack.posts(url)

    def chosen(said: Any, action: str, words: str) -> Any:
        url = chain.chooses(said, action, words, "U7777777")
        chain.function.settle()
        (post,) = chain.slack.posts(url)
        assert (post["response_type"], post["replace_original"]) == ("ephemeral", False)
        return post

    draft = chosen(answer, "accept_risk", "CVE-")
    assert "- vulnerability: " in json.dumps(draft["blocks"])
    assert "Nothing is suppressed" in draft["text"]

    taken = chosen(answer, "take", ", until tomorrow")
    assert taken["text"].startswith("Taken: `CVE-")
    event, again = chain.job(BUSY_INSTANCE, user="U7777777")
    chain.function.invoke(event)
    (shown,) = chain.slack.posts(again)
    assert "Taken by `ada` until 20" in json.dumps(shown["blocks"])
    assert chosen(shown, "take", "give back")["text"].startswith("Given back: ")
    assert chain.function.dead_letters == []


def test_a_forged_or_malformed_request_starts_no_job(chain: Any) -> None:
    before = chain.way.calls
    url = chain.slack.response_url()
    assert chain.types(BUSY_INSTANCE, url, secret="a guess") == (401, None)
    assert chain.post("text=x", {}) == (401, None)
    assert chain.post(
        "\x00\xff", {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "now"}
    ) == (401, None)
    assert chain.types(BUSY_INSTANCE, "https://evil.example/x") == (400, None)
    chain.function.settle()
    assert chain.way.calls == before
    assert chain.slack.posts(url) == []


def test_a_job_delivered_three_times_gives_one_message(chain: Any) -> None:
    event, url = chain.job(CLEAN_INSTANCE)
    results = [json.loads(chain.function.invoke(event).payload) for _ in range(3)]
    assert results == [{"outcome": "answered"}] * 3
    assert len(chain.slack.posts(url)) == 1


def test_a_command_received_three_times_gives_one_message(start: Any) -> None:
    """Duplicates of a job in progress are retried once it is done, even on a slow machine."""
    with start(retries=(2.0, 20.0)) as chain:
        url = chain.slack.response_url()
        for _ in range(3):
            assert chain.types(CLEAN_INSTANCE, url, "7.7.same")[0] == 200
        chain.function.settle()
        assert len(chain.slack.posts(url)) == 1
        assert chain.function.dead_letters == []


def test_concurrent_deliveries_give_one_message(chain: Any) -> None:
    """The server holds the first delivery until the others have failed with InProgress."""
    busy, calls = threading.Event(), list[bool]()

    def before() -> None:
        calls.append(busy.wait(20) if not calls else True)

    chain.way.before = before
    event, url = chain.job(CLEAN_INSTANCE)
    first = threading.Thread(target=chain.function.invoke, args=(event,))
    first.start()
    while not calls and not chain.way.calls:
        threading.Event().wait(0.01)
    others = [chain.function.invoke(event) for _ in range(2)]
    busy.set()
    first.join()
    assert [json.loads(one.payload)["errorType"] for one in others] == ["InProgress"] * 2
    assert json.loads(chain.function.invoke(event).payload) == {"outcome": "answered"}
    assert len(chain.slack.posts(url)) == 1


def test_a_retry_answers_after_the_worker_was_killed(start: Any) -> None:
    """The record of a job expires at the time limit of the function, before the retry."""
    with start(timeout=6.0, retries=(6.2, 6.2)) as chain:
        killed: list[int] = []

        def kill() -> None:
            if not killed:
                killed.append(1)
                chain.function.environments[-1].process.kill()

        chain.way.before = kill
        event, url = chain.job(CLEAN_INSTANCE)
        chain.function.invoke_later(event)
        chain.function.settle()
        assert killed
        assert len(chain.function.environments) > 1
        (text,) = chain.texts(url)
        assert "Inspector reports no findings" in text
        assert chain.function.dead_letters == []
