"""Shares identical concurrent requests between clients, and their results for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from sre_findings.model.errors import Unreachable
from sre_findings.model.text import phrase

T = TypeVar("T")
KEEP = 30.0  # seconds for which a result is reused
DEADLINE = 20.0  # seconds: the longest wait for a result
_AT_ONCE = 8
_MOST = 1000  # maximum number of cached results


class _Flight(NamedTuple):
    """One request, running or finished."""

    future: Future[object]
    began: float


class SingleFlight(Generic[T]):
    """Runs requests in its own threads, so that no client waits longer than the deadline.

    A request continues after the deadline, and a later client can get its result. An error is
    raised for every client that waited for it, and is not cached.
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
        """Returns the result of ``make``, or a shared or recent result for the same key.

        Raises Unreachable after the deadline.
        """
        with self._lock:
            self._forget()
            if key not in self._flights:
                self._flights[key] = _Flight(self._pool.submit(make), self._clock())
            future = self._flights[key].future
        try:
            return future.result(self._deadline)  # type: ignore[return-value]  # a key always has the same type of result
        except TimeoutError as error:
            if future.done():
                raise
            do = phrase("Try again in a moment: the request is still running.")
            raise Unreachable(
                f"Inspector did not answer within {self._deadline:g} s", do=do
            ) from error

    def _forget(self) -> None:
        """Removes failed and expired results, and the oldest if there are too many.

        Running requests are kept.
        """
        oldest = self._clock() - self._keep
        done = [key for key, flight in self._flights.items() if flight.future.done()]
        gone = [
            key
            for key in done
            if self._flights[key].future.exception() or self._flights[key].began < oldest
        ]
        for key in {*gone, *done[: max(0, len(self._flights) - _MOST)]}:
            del self._flights[key]
