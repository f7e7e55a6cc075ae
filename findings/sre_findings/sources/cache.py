"""Caches of answers. A committed snapshot never changes, so answers from it stay valid."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MOST = 20_000  # findings in all answers together: some 40 MB


class BoundedCache(Generic[T]):
    """The answers asked for last, as many as fit by their weight. Safe between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._weight = most, 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The answer, if it is remembered."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, answer: T, weight: int) -> None:
        """Remembers it, and forgets those that nobody asked for the longest; one that is too heavy
        is not remembered."""
        if weight > self._most:
            return
        with self._lock:
            self._weight += weight - self._kept.pop(key, (answer, 0))[1]
            self._kept[key] = answer, weight
            while self._weight > self._most:
                _, (_, lost) = self._kept.popitem(last=False)
                self._weight -= lost


class DerivedCache(Generic[T]):
    """What a mouth made of lists that are remembered, found again by the list itself and not by its
    words: another access, another snapshot or another question has another list. Safe between
    threads."""

    def __init__(self, most: int = MOST) -> None:
        self._made = BoundedCache[tuple[Sequence[Any], T]](most)

    def of(self, source: Sequence[Any], make: Callable[[], T]) -> T:
        """What was made of this very list, else what ``make`` makes now. The list is kept, so that
        no other has its id."""
        found = self._made.get(id(source))
        if found is None or found[0] is not source:
            found = source, make()
            self._made.put(id(source), found, 1 + len(source))
        return found[1]
