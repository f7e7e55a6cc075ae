"""The working half: one answer a job, a true sentence for every failure, and no secret in any line
of the log."""

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
from sre_slack.response_url import LASTS, Refused
from sre_slack.secrets import Keeper
from sre_slack.worker import Worker

NOW = 1_795_000_000.0
CONTEXT = SimpleNamespace(aws_request_id="operation-1", get_remaining_time_in_millis=lambda: 60_000)
ENVIRON = {
    "SRE_SERVER": "http://127.0.0.1:9/mcp",
    "SRE_SLACK_SIGNING_SECRET": "sign-me",
    "SRE_TOKEN": "sre_secret",
}


class Remembered:
    """Records in memory. ``before`` and ``after`` are raised around the work."""

    def __init__(self) -> None:
        self.done: dict[str, str] = {}
        self.failed = 0
        self.within_rate = True
        self.before: SreError | None = None
        self.after: SreError | None = None

    def begin(self, context: Any) -> None:
        assert context is CONTEXT

    def once(self, job: Job, work: Callable[[], str]) -> str:
        if self.before:
            raise self.before
        if job.key not in self.done:
            self.done[job.key] = work()
        if self.after:
            raise self.after
        return self.done[job.key]

    def failures(self, job: Job) -> int:
        self.failed += 1
        return self.failed

    def asks(self, job: Job) -> bool:
        return self.within_rate


class Room:
    """A worker whose answers are given, and what it said into Slack."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.records = Remembered()
        self.found: Message | SreError = Message("found", [section("rich")], [])
        self.slack: SreError | None = None
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.why = ""
        monkeypatch.setattr(worker, "answer", self._answer)
        monkeypatch.setattr(
            worker, "respond", lambda _url, message, **how: self._send(message.text, how)
        )
        monkeypatch.setattr(worker, "say", lambda _url, text, **how: self._send(text, how))
        self.worker = Worker(
            Keeper(ENVIRON), self.records, lambda _job, _token: self.why, ENVIRON, lambda: NOW
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


def test_three_deliveries_are_one_answer(room: Room, make_job: Any) -> None:
    assert [room.worker.work(make_job(), CONTEXT) for _ in range(3)] == ["answered"] * 3
    assert room.sent == [("found", {"response_type": "ephemeral", "replace_original": True})]


def test_what_is_shared_is_a_message_of_its_own_for_the_channel(room: Room, make_job: Any) -> None:
    assert room.worker.work(make_job(kind=SHARE), CONTEXT) == "answered"
    assert room.sent == [("found", {"response_type": "in_channel", "replace_original": False})]


def test_where_it_may_not_be_shared_the_asker_is_told_why(room: Room, make_job: Any) -> None:
    room.why = "another organization reads this channel."
    assert room.worker.work(make_job(kind=SHARE), CONTEXT) == "not shared"
    assert room.sent == [
        (
            "I did not share it: another organization reads this channel.",
            {"replace_original": False},
        )
    ]


FAILURES = [
    (Unreachable("x"), "I could not reach the server that knows."),
    (CredentialsInvalid("x"), "The server did not let me in"),
    (Throttled("x"), "The server is asked too often"),
    (Refused("expired_url"), "Slack did not take my answer."),
    (NotRecorded("x"), "My own records cannot be written."),
]


@pytest.mark.parametrize(("error", "reason"), FAILURES, ids=lambda one: type(one).__name__)
def test_the_first_failure_promises_and_the_last_apologises(
    room: Room, make_job: Any, error: SreError, reason: str
) -> None:
    room.found = error
    room.tries(make_job())
    first, last = (text for text, _ in room.sent)
    assert first.startswith(reason)
    assert first.endswith("Your request is kept, and I'll try again within minutes.")
    assert last.startswith(f"I am sorry: I could not answer. {reason}")
    assert "`operation-1`" in last


def test_a_fault_of_our_own_is_told_and_stays_a_fault(
    room: Room, make_job: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Message:
        raise RuntimeError("https://hooks.slack.com/secretpath")

    monkeypatch.setattr(worker, "answer", broken)
    with pytest.raises(RuntimeError):
        room.worker.work(make_job(), CONTEXT)
    assert [text for text, _ in room.sent] == [
        "Something in me is broken. Your request is kept, and I'll try again within minutes."
    ]
    assert json.loads(capsys.readouterr().out)["error"] == "RuntimeError"


def test_where_failures_cannot_be_counted_nothing_is_promised(
    room: Room, make_job: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.found = Unreachable("x")
    monkeypatch.setattr(room.records, "failures", lambda _job: None)
    room.tries(make_job())
    assert len({text for text, _ in room.sent}) == 1
    assert room.sent[0][0].endswith("ask again; this was operation `operation-1`.")


def test_after_a_failure_the_answer_still_comes(room: Room, make_job: Any) -> None:
    found, room.found = room.found, Unreachable("x")
    room.tries(make_job(), 1)
    room.found = found
    assert room.worker.work(make_job(), CONTEXT) == "answered"
    assert room.sent[-1][0] == "found"


@pytest.mark.parametrize(("kind", "replaced"), [(ASK, True), ("next_ten", False), (SHARE, False)])
def test_an_apology_never_takes_the_place_of_an_answer(
    room: Room, make_job: Any, kind: str, replaced: bool
) -> None:
    room.found = Unreachable("x")
    room.tries(make_job(kind=kind), 1)
    assert room.sent[0][1] == {"replace_original": replaced}


@pytest.mark.parametrize(
    "error", [UsageError("'i-1' is <!channel>"), AccessDenied("'i-1' is <!channel>")]
)
def test_what_trying_again_would_not_change_is_said_at_once(
    room: Room, make_job: Any, error: SreError
) -> None:
    room.found = error
    assert room.worker.work(make_job(), CONTEXT) == "refused"
    assert room.sent == [("'i-1' is &lt;!channel&gt;", {"replace_original": True})]


def test_who_asks_too_fast_is_told(room: Room, make_job: Any) -> None:
    room.records.within_rate = False
    assert room.worker.work(make_job(), CONTEXT) == "rate"
    assert "You ask faster" in room.sent[0][0]


def test_a_late_job_is_dropped_and_a_duplicate_at_work_says_nothing(
    room: Room, make_job: Any
) -> None:
    assert room.worker.work(make_job(asked_at=NOW - LASTS - 1), CONTEXT) == "late"
    room.records.before = InProgress("x")
    room.tries(make_job())
    assert room.sent == []
    assert room.records.failed == 0


def test_what_was_answered_is_not_answered_again_because_it_was_not_recorded(
    room: Room, make_job: Any
) -> None:
    room.records.after = NotRecorded("x")
    assert room.worker.work(make_job(), CONTEXT) == "answered"
    assert [text for text, _ in room.sent] == ["found"]


def test_without_a_server_the_asker_is_told(room: Room, make_job: Any) -> None:
    alone = Worker(Keeper(ENVIRON), room.records, lambda _job, _token: "", {}, lambda: NOW)
    with pytest.raises(CredentialsInvalid, match="no server is set"):
        alone.work(make_job(), CONTEXT)
    assert "Your request is kept" in room.sent[0][0]


def test_no_line_of_the_log_has_a_secret_or_an_address_to_answer_to(
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
        "could not tell the asker",
    }
    assert len(lines) == 1 + 2 * len(FAILURES)
    for secret in ("secretpath", "sre_secret", "sign-me", "hooks.slack.com"):
        assert secret not in out.out + out.err
