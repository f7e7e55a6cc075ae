"""Shares one request between callers that ask the same, and its result for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from sre_findings.model.errors import Unreachable

T = TypeVar("T")
KEEP = 30.0  # seconds
DEADLINE = 20.0  # seconds that a person waits
_AT_ONCE = 8
_MOST = 1000  # answers that are remembered


class _Flight(NamedTuple):
    """One asking, under way or done."""

    future: Future[object]
    began: float


class SingleFlight(Generic[T]):
    """Asks in threads of its own, so that nobody waits longer than the deadline; who comes later
    may find the answer there.

    A failure is told to everybody who waited for it, and remembered for nobody else.
    """

    def __init__(
        self,
        keep: float = KEEP,
        deadline: float = DEADLINE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keep, self._deadline, self._clock = keep, deadline, clock
        self._flights: dict[Hashable, _Flight] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="live")

    def ask(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, or gave a moment ago for the same key. Raises Unreachable after the
        deadline."""
        with self._lock:
            self._forget()
            if key not in self._flights:
                self._flights[key] = _Flight(self._pool.submit(make), self._clock())
            future = self._flights[key].future
        try:
            return future.result(self._deadline)  # type: ignore[return-value]  # a key is always of the same question
        except TimeoutError as error:
            if future.done():
                raise
            do = "Try again in a moment: the request is still running."
            raise Unreachable(
                f"Inspector did not answer within {self._deadline:g} s", do=do
            ) from error

    def _forget(self) -> None:
        """What failed, what is too old, and the oldest where there are too many. What is under way
        stays."""
        oldest = self._clock() - self._keep
        done = [key for key, flight in self._flights.items() if flight.future.done()]
        gone = [
            key
            for key in done
            if self._flights[key].future.exception() or self._flights[key].began < oldest
        ]
        for key in {*gone, *done[: max(0, len(self._flights) - _MOST)]}:
            del self._flights[key]
