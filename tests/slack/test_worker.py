"""The worker: one answer per job, a text for every failure, and no secrets in the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sre_findings.model.errors import (
    AccessDenied,
    CredentialsInvalid,
    SreError,
    Throttled,
    Unreachable,
    UsageError,
)
from sre_reports.slack.blocks import section
from sre_reports.slack.message import Message
from sre_slack import worker
from sre_slack.job import ASK, SHARE, InProgress, Job, NotRecorded
from sre_slack.response_url import LIFETIME, MessageRejected
from sre_slack.secrets import SecretCache
from sre_slack.worker import Worker

NOW = 1_795_000_000.0
CONTEXT = SimpleNamespace(aws_request_id="operation-1", get_remaining_time_in_millis=lambda: 60_000)
ENVIRON = {
    "SRE_SERVER": "http://127.0.0.1:9/mcp",
    "SRE_SLACK_SIGNING_SECRET": "signingsecretoftheworkerstests00",
    "SRE_TOKEN": "sre_secret-of-the-workers-tests",
}


class MemoryRecords:
    """Records in memory. Raises ``before`` and ``after`` around the work, if set."""

    def __init__(self) -> None:
        self.done: dict[str, str] = {}
        self.failed = 0
        self.allowed = True
        self.before: SreError | None = None
        self.after: SreError | None = None

    def begin(self, context: Any) -> None:
        assert context is CONTEXT

    def run_once(self, job: Job, work: Callable[[], str]) -> str:
        if self.before:
            raise self.before
        if job.key not in self.done:
            self.done[job.key] = work()
        if self.after:
            raise self.after
        return self.done[job.key]

    def count_failure(self, job: Job) -> int:
        self.failed += 1
        return self.failed

    def within_rate(self, job: Job) -> bool:
        return self.allowed


class Room:
    """A worker with a fixed answer, and the messages that it posted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.records = MemoryRecords()
        self.found: Message | SreError = Message("found", [section("rich")], [])
        self.slack: SreError | None = None
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.why = ""
        monkeypatch.setattr(worker, "answer", self._answer)
        monkeypatch.setattr(
            worker, "send_message", lambda _url, message, **how: self._send(message.text, how)
        )
        monkeypatch.setattr(worker, "send_text", lambda _url, text, **how: self._send(text, how))
        self.worker = Worker(
            SecretCache(ENVIRON), self.records, lambda _job, _token: self.why, ENVIRON, lambda: NOW
        )

    def _answer(self, *_: Any) -> Message:
        if isinstance(self.found, SreError):
            raise self.found
        return self.found

    def _send(self, text: str, how: dict[str, Any]) -> None:
        if self.slack:
            raise self.slack
        self.sent.append((text, how))

    def tries(self, job: Job, count: int = 3) -> None:
        for _ in range(count):
            with pytest.raises(SreError):
                self.worker.work(job, CONTEXT)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


def test_a_job_delivered_three_times_is_answered_once(room: Room, make_job: Any) -> None:
    assert [room.worker.work(make_job(), CONTEXT) for _ in range(3)] == ["answered"] * 3
    assert room.sent == [("found", {"response_type": "ephemeral", "replace_original": True})]


def test_a_shared_answer_is_posted_as_a_new_message_to_the_channel(
    room: Room, make_job: Any
) -> None:
    assert room.worker.work(make_job(kind=SHARE), CONTEXT) == "answered"
    assert room.sent == [("found", {"response_type": "in_channel", "replace_original": False})]


def test_a_draft_of_an_accepted_risk_is_for_the_user_and_replaces_nothing(
    room: Room, make_job: Any
) -> None:
    assert room.worker.work(make_job(kind="accept_risk", private=True), CONTEXT) == "answered"
    assert room.sent == [("found", {"response_type": "ephemeral", "replace_original": False})]


def test_the_answer_to_a_claim_is_for_the_user_and_replaces_nothing(
    room: Room, make_job: Any
) -> None:
    assert room.worker.work(make_job(kind="take", private=True), CONTEXT) == "answered"
    assert room.sent == [("found", {"response_type": "ephemeral", "replace_original": False})]


def test_the_user_reads_why_an_answer_is_not_shared(room: Room, make_job: Any) -> None:
    room.why = "another organization has access to this channel."
    assert room.worker.work(make_job(kind=SHARE), CONTEXT) == "not shared"
    assert room.sent == [
        (
            "Not shared: another organization has access to this channel.",
            {"replace_original": False},
        )
    ]


FAILURES = [
    (Unreachable("x"), "I couldn't reach the server."),
    (CredentialsInvalid("x"), "The server rejected my token"),
    (Throttled("x"), "The server is receiving too many requests"),
    (MessageRejected("expired_url"), "Slack did not accept my answer."),
    (NotRecorded("x"), "I can't write to my table."),
]


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=lambda one: type(one).__name__)
def test_the_first_failure_announces_a_retry_and_the_last_gives_up(
    room: Room, make_job: Any, error: SreError, reason: str
) -> None:
    room.found = error
    room.tries(make_job())
    first, last = (text for text, _ in room.sent)
    assert first.startswith(reason)
    assert first.endswith("Your request is saved. I'll try again within a few minutes.")
    assert last.startswith(f"Sorry, I couldn't answer. {reason}")
    assert "`operation-1`" in last


def test_an_internal_error_is_reported_and_raised(
    room: Room, make_job: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Message:
        raise RuntimeError("https://hooks.slack.com/secretpath")

    monkeypatch.setattr(worker, "answer", broken)
    with pytest.raises(RuntimeError):
        room.worker.work(make_job(), CONTEXT)
    assert [text for text, _ in room.sent] == [
        "Internal error. Your request is saved. I'll try again within a few minutes."
    ]
    assert json.loads(capsys.readouterr().out)["error"] == "RuntimeError"


def test_no_retry_is_announced_if_failures_cannot_be_counted(
    room: Room, make_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.found = Unreachable("x")
    monkeypatch.setattr(room.records, "count_failure", lambda _job: None)
    room.tries(make_job())
    assert len({text for text, _ in room.sent}) == 1
    assert room.sent[0][0].endswith("please try again (operation `operation-1`).")


def test_a_retry_after_a_failure_is_answered(room: Room, make_job: Any) -> None:
    found, room.found = room.found, Unreachable("x")
    room.tries(make_job(), 1)
    room.found = found
    assert room.worker.work(make_job(), CONTEXT) == "answered"
    assert room.sent[-1][0] == "found"


@pytest.mark.parametrize(("kind", "replaced"), [(ASK, True), ("next_ten", False), (SHARE, False)])
def test_a_failure_text_never_replaces_an_earlier_answer(
    room: Room, make_job: Any, kind: str, replaced: bool
) -> None:
    room.found = Unreachable("x")
    room.tries(make_job(kind=kind), 1)
    assert room.sent[0][1] == {"replace_original": replaced}


@pytest.mark.parametrize(
    "error", [UsageError("'i-1' is <!channel>"), AccessDenied("'i-1' is <!channel>")]
)
def test_an_error_that_a_retry_cannot_fix_is_reported_at_once(
    room: Room, make_job: Any, error: SreError
) -> None:
    room.found = error
    assert room.worker.work(make_job(), CONTEXT) == "refused"
    assert room.sent == [("'i-1' is &lt;!channel&gt;", {"replace_original": True})]


def test_a_user_over_the_rate_limit_is_told(room: Room, make_job: Any) -> None:
    room.records.allowed = False
    assert room.worker.work(make_job(), CONTEXT) == "rate"
    assert "Rate limit reached" in room.sent[0][0]


def test_an_expired_job_and_a_duplicate_in_progress_send_nothing(room: Room, make_job: Any) -> None:
    assert room.worker.work(make_job(asked_at=NOW - LIFETIME - 1), CONTEXT) == "late"
    room.records.before = InProgress("x")
    room.tries(make_job())
    assert room.sent == []
    assert room.records.failed == 0


def test_an_answered_job_that_could_not_be_recorded_is_not_answered_again(
    room: Room, make_job: Any
) -> None:
    room.records.after = NotRecorded("x")
    assert room.worker.work(make_job(), CONTEXT) == "answered"
    assert [text for text, _ in room.sent] == ["found"]


def test_a_missing_server_setting_is_reported(room: Room, make_job: Any) -> None:
    alone = Worker(SecretCache(ENVIRON), room.records, lambda _job, _token: "", {}, lambda: NOW)
    with pytest.raises(CredentialsInvalid, match="no server is configured"):
        alone.work(make_job(), CONTEXT)
    assert "Your request is saved" in room.sent[0][0]


def test_the_log_contains_no_secret_and_no_response_url(
    room: Room, make_job: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://hooks.slack.com/commands/T0123456/1/secretpath"
    room.worker.work(make_job(response_url=url), CONTEXT)
    for number, (error, _) in enumerate(FAILURES):
        room.found, room.slack = error, Unreachable("Slack cannot be reached")
        room.tries(make_job(response_url=url, key=f"k{number}"), 1)
        room.records.failed = 0
    out = capsys.readouterr()
    lines = [json.loads(line) for line in out.out.splitlines()]
    assert {line["message"] for line in lines} == {
        "answered",
        "not answered",
        "could not notify the user",
    }
    assert len(lines) == 1 + 2 * len(FAILURES)
    for secret in ("secretpath", "sre_secret-of-the-workers-tests", "sign-me", "hooks.slack.com"):
        assert secret not in out.out + out.err
