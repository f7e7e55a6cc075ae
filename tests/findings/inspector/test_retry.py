"""Retries: which errors are retried, for how long and with which pauses; and the rate limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.inspector.retry import Patience, RateLimit, Tally, Transient, insist
from sre_findings.inspector.wire.body import Garbled
from sre_findings.model.errors import AccessDenied, Throttled, Unreachable


class Flaky:
    """Fails with the given errors, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.calls = list(failures), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def patience(time: Any, **changes: Any) -> Patience:
    return Patience(**{"wait": time.wait, "clock": time.clock, **changes})


def test_the_first_answer_is_taken_without_any_pause(fresh_time: Callable[[], Any]) -> None:
    time, tally = fresh_time(), Tally()
    assert insist(Flaky(), patience(time), tally) == "answer"
    assert (time.waits, tally) == ([], Tally())


def test_what_may_pass_is_tried_again_and_counted(fresh_time: Callable[[], Any]) -> None:
    time, tally = fresh_time(), Tally(pages=3)
    attempt = Flaky(Transient("500"), Garbled("not JSON"), Transient("429", throttled=True))
    assert insist(attempt, patience(time), tally) == "answer"
    assert (attempt.calls, len(time.waits)) == (4, 3)
    assert tally == Tally(pages=3, throttles=1, retries=3)


@pytest.mark.parametrize("error", [AccessDenied("no"), KeyError("a bug"), ValueError("a bug")])
def test_what_does_not_pass_goes_through_at_once(
    error: Exception, fresh_time: Callable[[], Any]
) -> None:
    time, tally, attempt = fresh_time(), Tally(), Flaky(error)
    with pytest.raises(type(error)):
        insist(attempt, patience(time), tally)
    assert (attempt.calls, time.waits, tally.retries) == (1, [], 0)


def test_patience_ends_at_the_deadline_and_says_why(fresh_time: Callable[[], Any]) -> None:
    time = fresh_time()
    started = time.clock()
    with pytest.raises(
        Unreachable, match="gave no usable response for 60 s: it is broken"
    ) as raised:
        insist(Flaky(*[Transient("it is broken")] * 10_000), patience(time, deadline=60.0), Tally())
    assert time.clock() - started <= 60.0
    assert isinstance(raised.value.__cause__, Transient)


def test_a_garbled_answer_ends_as_unreachable_and_a_throttle_as_throttled(
    fresh_time: Callable[[], Any],
) -> None:
    with pytest.raises(Unreachable, match="not JSON"):
        insist(Flaky(*[Garbled("not JSON")] * 10_000), patience(fresh_time()), Tally())
    tally = Tally()
    with pytest.raises(Throttled, match="kept throttling for 300 s: Rate exceeded"):
        insist(
            Flaky(*[Transient("Rate exceeded", throttled=True)] * 10_000),
            patience(fresh_time()),
            tally,
        )
    assert tally.throttles == tally.retries > 10


@given(st.integers(0, 10**6), st.booleans())
def test_pauses_grow_and_jitter_within_their_bounds(attempt: int, throttled: bool) -> None:
    calm = Patience(first_pause=0.5, longest_pause=20.0)
    pause = calm.pause(attempt, Transient("x", throttled=throttled))
    assert 0.25 <= pause <= min(20.0, 0.5 * 2.0 ** min(attempt, 16))


def test_two_that_fail_together_do_not_come_back_together() -> None:
    calm = Patience()
    assert len({calm.pause(5, Transient("x")) for _ in range(20)}) == 20


@given(st.integers(0, 40), st.floats(0, 600))
def test_retry_after_is_the_least_that_is_waited(attempt: int, asked: float) -> None:
    assert Patience().pause(attempt, Transient("x", retry_after=asked)) >= asked


def test_a_retry_after_beyond_the_deadline_ends_at_once_without_waiting(
    fresh_time: Callable[[], Any],
) -> None:
    time, attempt = fresh_time(), Flaky(Transient("later", throttled=True, retry_after=301.0))
    with pytest.raises(Throttled):
        insist(attempt, patience(time, deadline=300.0), Tally())
    assert (attempt.calls, time.waits) == (1, [])


@given(st.lists(st.floats(0, 30), max_size=30), st.floats(1, 100))
def test_no_attempt_begins_after_the_deadline(durations: list[float], deadline: float) -> None:
    now, begun = 0.0, list[float]()
    left = iter(durations)

    def attempt() -> str:
        nonlocal now
        begun.append(now)
        now += next(left, 0.0)
        raise Transient("slow")

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds

    with pytest.raises(Unreachable):
        insist(attempt, Patience(deadline=deadline, wait=wait, clock=lambda: now), Tally())
    assert all(moment <= deadline for moment in begun)


def test_who_interrupts_a_pause_is_heard(fresh_time: Callable[[], Any]) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insist(Flaky(Transient("x")), patience(fresh_time(), wait=interrupted), Tally())


@given(st.floats(0.1, 100), st.lists(st.floats(0, 3), min_size=2, max_size=40))
def test_requests_are_never_closer_than_the_rate_allows_and_none_waits_for_nothing(
    rate: float, thinking: list[float]
) -> None:
    now, went = 50.0, list[float]()

    def wait(seconds: float) -> None:
        nonlocal now
        assert seconds > 0
        now += seconds

    limit = RateLimit(rate, wait=wait, clock=lambda: now)
    for pause in thinking:
        now += pause
        before = now
        limit.take()
        went.append(now)
        assert now == before or now - went[-2] == pytest.approx(1 / rate)
    assert all(b - a >= 1 / rate - 1e-9 for a, b in pairwise(went))


def test_threads_share_one_rate(race: Callable[[int, Callable[[int], bool]], list[bool]]) -> None:
    turns, lock = list[float](), threading.Lock()

    def wait(seconds: float) -> None:
        with lock:
            turns.append(seconds)

    limit = RateLimit(10.0, wait=wait, clock=lambda: 0.0)

    def take(_: int) -> bool:
        for _ in range(50):
            limit.take()
        return True

    assert all(race(8, take))
    assert sorted(turns) == [pytest.approx(n / 10.0) for n in range(1, 400)], (
        "each turn is given once, the first at once"
    )


def test_unused_turns_are_not_saved_up_for_a_burst(fresh_time: Callable[[], Any]) -> None:
    time = fresh_time()
    limit = RateLimit(2.0, wait=time.wait, clock=time.clock)
    limit.take()
    time.now += 3600
    limit.take()
    assert time.waits == []
    limit.take()
    limit.take()
    assert time.waits == [0.5, 0.5]


def test_after_until_nothing_is_sent_any_more_whichever_request_it_is(
    fresh_time: Callable[[], Any],
) -> None:
    time = fresh_time()
    short = patience(time, deadline=1000.0, until=time.clock() + 3.0)
    with pytest.raises(Unreachable):
        insist(Flaky(*[Transient("500")] * 100), short, Tally())
    assert sum(time.waits) <= 3.0


def test_who_would_wait_too_long_for_a_turn_is_told_at_once_and_takes_none(
    fresh_time: Callable[[], Any],
) -> None:
    time = fresh_time()
    limit = RateLimit(1.0, wait=time.wait, clock=lambda: 0.0)
    for _ in range(3):
        limit.take(until=2.0)
    for _ in range(5):
        with pytest.raises(Throttled, match="too many queries are waiting"):
            limit.take(until=2.0)
    limit.take(until=3.0)
    assert time.waits == [1.0, 2.0, 3.0]
