"""Concurrent equal queries share one call; no query waits forever, and failures are not cached."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sre_findings.live import single_flight
from sre_findings.live.single_flight import SingleFlight
from sre_findings.model.errors import AccessDenied, Unreachable


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_many_at_once_are_one_and_each_has_the_answer() -> None:
    asking, go, begun = SingleFlight[int](), threading.Event(), list[int]()

    def make() -> int:
        begun.append(1)
        go.wait(10)
        return 7

    # one more than the waiting queries, because the other query needs its own thread
    with ThreadPoolExecutor(21) as people:
        waiting = [people.submit(asking.ask, "i-1", make) for _ in range(20)]
        other = people.submit(asking.ask, "i-2", lambda: 8)
        assert other.result(10) == 8, "another question does not wait for it"
        go.set()
        assert [one.result(10) for one in waiting] == [7] * 20
    assert len(begun) == 1


def test_an_answer_is_good_for_a_moment_and_then_asked_anew() -> None:
    clock = Clock()
    asking, answers = SingleFlight[int](keep=30, clock=clock), iter(range(10))
    assert [asking.ask("a", lambda: next(answers)) for _ in range(3)] == [0, 0, 0]
    clock.now = 30.0
    assert asking.ask("a", lambda: next(answers)) == 0
    clock.now = 30.1
    assert asking.ask("a", lambda: next(answers)) == 1


def test_a_failure_is_told_and_not_remembered() -> None:
    asking = SingleFlight[int]()

    def fail() -> int:
        raise AccessDenied("no")

    with pytest.raises(AccessDenied):
        asking.ask("a", fail)
    assert asking.ask("a", lambda: 1) == 1


def test_nobody_waits_longer_than_the_deadline_and_who_comes_later_finds_the_answer() -> None:
    asking, go = SingleFlight[int](deadline=0.05), threading.Event()

    def make() -> int:
        go.wait(10)
        return 7

    with pytest.raises(Unreachable, match=r"did not answer within 0.05 s\. Try again in a moment"):
        asking.ask("a", make)
    go.set()
    assert SingleFlight.ask(asking, "b", lambda: 1) == 1
    for _ in range(100):
        try:
            assert asking.ask("a", lambda: 8) == 7
            break
        except Unreachable:
            continue


def test_a_time_out_of_the_question_itself_is_no_deadline() -> None:
    def make() -> int:
        raise TimeoutError("of the question")

    with pytest.raises(TimeoutError, match="of the question"):
        SingleFlight[int]().ask("a", make)


def test_not_more_is_remembered_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_flight, "_MOST", 3)
    asking = SingleFlight[int]()
    for number in range(10):
        asking.ask(number, lambda: 1)
    assert len(asking._flights) <= 4
