"""Caches of answers. A committed snapshot never changes, so answers from it stay valid."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sre_findings.engine.pool import EnginePool

if TYPE_CHECKING:
    from sre_findings.model.answers.answer import ResourceAnswer
    from sre_findings.model.findings.claim import Claim
    from sre_findings.model.snapshots.query_scope import KnownPlaces

T = TypeVar("T")
MOST = 20_000  # findings in all cached answers together: about 40 MB
PLACES = 200_000  # cells of snapshots that are kept in memory: about 40 MB


class BoundedCache(Generic[T]):
    """The most recently used answers, limited by total weight. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._weight = most, 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The cached answer, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Hashable, answer: T, weight: int) -> None:
        """Caches an answer, and removes the least recently used ones that no longer fit.

        An answer that is heavier than the cache is not cached.
        """
        if weight > self._most:
            return
        with self._lock:
            self._weight += weight - self._kept.pop(key, (answer, 0))[1]
            self._kept[key] = answer, weight
            while self._weight > self._most:
                _, (_, lost) = self._kept.popitem(last=False)
                self._weight -= lost

    def clear(self) -> None:
        """Removes everything."""
        with self._lock:
            self._kept.clear()
            self._weight = 0


class DerivedCache(Generic[T]):
    """Results derived from cached lists, looked up by the identity of the list. Thread-safe.

    Comparing the contents is not needed: another access, snapshot or query has another list.
    """

    def __init__(self, most: int = MOST) -> None:
        self._made = BoundedCache[tuple[Sequence[Any], T]](most)

    def of(self, source: Sequence[Any], make: Callable[[], T]) -> T:
        """The result for this list, created with ``make`` if it is not cached.

        The cache keeps a reference to the list, so that its ``id`` is not reused.
        """
        found = self._made.get(id(source))
        if found is None or found[0] is not source:
            found = source, make()
            self._made.put(id(source), found, 1 + len(source))
        return found[1]


class Caches:
    """Engines, answers and places that queries on committed snapshots share.

    ``derived`` has results derived from cached answers. ``claims`` has the claims of resources with
    the time at which they were read, because they change.
    """

    def __init__(self, engines: EnginePool | None = None) -> None:
        self.engines = EnginePool() if engines is None else engines
        self.answers: BoundedCache[ResourceAnswer] = BoundedCache()
        self.derived: DerivedCache[Any] = DerivedCache()
        self.claims: BoundedCache[tuple[float, Sequence[Claim]]] = BoundedCache()
        self.places: BoundedCache[KnownPlaces] = BoundedCache(PLACES)
