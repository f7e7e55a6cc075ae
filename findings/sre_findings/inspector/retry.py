"""Our own patience: the same request again until a deadline, as long as the failure may pass.

botocore's modes give up after three to five attempts and ignore Retry-After, so that ten of sixteen
workers lost pages under a throttle when it was tried; a lost page is a snapshot that lies.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sre_findings.inspector.wire import Garbled
from sre_findings.model.errors import Throttled, Unreachable

T = TypeVar("T")


class Transient(Exception):
    """A failure that may pass. ``throttled`` tells a rate limit, ``garbled`` an answer that came
    and cannot be read; ``retry_after`` is what the service asks, in seconds."""

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
    """How long one request may be repeated, and how the pauses grow. ``wait`` sleeps and may be
    interrupted.

    ``until`` is a moment of ``clock`` after which nothing is sent any more, whichever request it
    is.
    """

    deadline: float = 300.0
    first_pause: float = 0.5
    longest_pause: float = 20.0
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    until: float = math.inf

    def pause(self, attempt: int, failure: Transient) -> float:
        """Exponential with full jitter, never less than Retry-After."""
        grown = min(self.longest_pause, self.first_pause * 2.0 ** min(attempt, 16))
        jittered = random.uniform(self.first_pause / 2, grown)  # noqa: S311 - jitter, nothing secret
        return max(jittered, failure.retry_after or 0.0)


@dataclass(slots=True)
class Tally:
    """What a listing cost so far."""

    pages: int = 0
    items: int = 0
    empty_pages: int = 0
    throttles: int = 0
    retries: int = 0


def insist(attempt: Callable[[], T], patience: Patience, tally: Tally) -> T:
    """The result of the first attempt that does not fail in passing.

    Raises Throttled or Unreachable when the deadline passes first; any other error of ``attempt``
    goes through at once.
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
    """At most ``rate`` requests a second, evenly; one for each account and region. Safe between
    threads."""

    rate: float
    wait: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, until: float = math.inf) -> None:
        """Returns when the next request may go. Raises Throttled, and takes no turn, where that is
        after ``until``."""
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
