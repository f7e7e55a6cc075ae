"""Short forms of ``make fuzz`` for Slack, Inspector and snapshots, and proof that they notice."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fuzz import findings, slack, snapshots
from tests.fuzz.target import Broken
from tests.support.shared_stores import copied_demo

from sre_scanner.spool.spool import Spool
from sre_slack.request_handler import RequestHandler


@pytest.fixture
def seed() -> int:
    return random.getrandbits(32)


def test_random_events_to_the_slack_function_break_nothing(seed: int) -> None:
    counts = slack.check(seed, range(1_500))
    assert set(counts) == {200, 400, 401}


def test_no_finding_of_a_random_page_is_lost(seed: int) -> None:
    counts = findings.check(seed, range(1_500))
    assert set(counts) == {"decoded", "refused"}


def test_random_changes_of_snapshots_are_answered_or_refused(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    counts = snapshots.check(copied_demo(tmp_path_factory), datetime.now(UTC), seed, range(25))
    assert counts["StoreUnreadable"] > 0


def test_a_lost_finding_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spool, "add", lambda *_: None)
    with pytest.raises(Broken, match=r"seed 7.*a finding is lost"):
        findings.check(7, range(9))


def test_an_exception_of_the_slack_function_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RequestHandler, "_dispatch", fails)
    with pytest.raises(Broken, match=r"seed 7, event .*ZeroDivisionError"):
        slack.check(7, range(9))


def test_a_file_that_is_written_beside_the_store_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def writes(_rng: Any, store: Path, _now: Any) -> str:
        (store.parent / "beside").write_text("changed")
        return "answered"

    monkeypatch.setattr(snapshots, "_asked", writes)
    with pytest.raises(Broken, match="a file beside the store has changed"):
        snapshots.check(copied_demo(tmp_path_factory), datetime.now(UTC), 7, range(1))
