"""Retries and the rate limit: a request is repeated until a deadline if its failure is transient.

botocore's retry modes give up after three to five attempts and ignore Retry-After. In a test under
throttling, ten of sixteen workers lost pages with them, and a lost page makes a snapshot wrong.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sre_findings.inspector.wire.body import Garbled
from sre_findings.model.errors import Throttled, Unreachable

T = TypeVar("T")


class Transient(Exception):
    """A failure that a retry can resolve.

    ``throttled`` marks a rate limit, and ``garbled`` a response that cannot be decoded.
    ``retry_after`` is the delay that the service requested, in seconds.
    """

    def __init__(
        self,
        why: str,
        *,
        throttled: bool = False,
        garbled: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(why)
        self.throttled, self.garbled, self.retry_after = throttled, garbled, retry_after


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request is retried, and how the pauses grow; all in seconds.

    ``wait`` sleeps and may be interrupted. ``until`` is a time of ``clock`` after which no request
    is sent.
    """

    deadline: float = 300.0
    first_pause: float = 0.5
    longest_pause: float = 20.0
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    until: float = math.inf

    def pause(self, attempt: int, failure: Transient) -> float:
        """The pause before the next attempt: exponential with full jitter, at least Retry-After."""
        grown = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 16))
        jittered = random.uniform(self.first_pause / 2, grown)  # noqa: S311 - jitter, nothing secret
        return max(jittered, failure.retry_after or 0.0)


@dataclass(slots=True)
class Tally:
    """The pages, items, throttles and retries of a listing so far."""

    pages: int = 0
    items: int = 0
    empty_pages: int = 0
    throttles: int = 0
    retries: int = 0


def insist(attempt: Callable[[], T], patience: Patience, tally: Tally) -> T:
    """Retries ``attempt`` until it succeeds, and returns its result.

    Raises Throttled or Unreachable if the deadline passes first. Errors of ``attempt`` that are not
    transient are raised at once.
    """
    started, count = patience.clock(), 0
    while True:
        try:
            return attempt()
        except (Transient, Garbled) as error:
            failure = error if isinstance(error, Transient) else Transient(str(error), garbled=True)
        tally.retries += 1
        tally.throttles += failure.throttled
        pause = patience.pause(count, failure)
        if patience.clock() + pause > min(started + patience.deadline, patience.until):
            raise _given_up(failure, patience.deadline) from failure
        patience.wait(pause)
        count += 1


def _given_up(failure: Transient, deadline: float) -> Throttled | Unreachable:
    if failure.throttled:
        return Throttled(
            f"Inspector kept throttling for {deadline:.0f} s",
            why=str(failure),
            do="Scan later, or lower --rate.",
        )
    if failure.garbled:
        return Unreachable(
            f"Inspector's responses could not be read for {deadline:.0f} s",
            why=str(failure),
            do=(
                "Scan again later; if it persists, check for a proxy that changes responses, or"
                " contact AWS Support."
            ),
        )
    return Unreachable(
        f"Inspector gave no usable response for {deadline:.0f} s",
        why=str(failure),
        do="Check the network and https://health.aws.amazon.com, then scan again.",
    )


@dataclass(slots=True)
class RateLimit:
    """At most ``rate`` evenly spaced requests per second, for one account and region.

    Thread-safe.
    """

    rate: float
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, until: float = math.inf) -> None:
        """Waits until the next request may be sent.

        Raises Throttled, without reserving a slot, if that is after ``until``.
        """
        with self._lock:
            now = self.clock()
            turn = max(now, self._next)
            if turn > until:
                raise Throttled(
                    "too many queries are waiting for Inspector", do="Try again in a minute."
                )
            self._next = turn + 1.0 / self.rate
        if turn > now:
            self.wait(turn - now)
