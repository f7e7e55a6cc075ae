"""Orders bundles of parts so that each resolves the most, given the ones before it.

A want is a set of parts, and it closes when the last of them is taken. The candidates for the next
bundle are the parts that an open want still lacks. Taking them closes that want, and every other
want that lacks nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush

Parts = frozenset[int]
# the number of best candidates kept in the heap: the gains of the others change many times before
# they are needed
_ROUND = 256


def order(worths: Mapping[Parts, int]) -> Iterator[tuple[Parts, list[Parts]]]:
    """Bundles, each with the wants that it closes, in the order in which to take them.

    The order is by worth, highest first, then by the number of parts, then by the parts. ``worths``
    maps each want, none of them empty, to what closing it is worth. Together, the bundles are the
    smallest set of parts that closes all wants. Each part is in one bundle.
    """
    wants = _Wants(worths)
    while (bundle := wants.best()) is not None:
        yield bundle, wants.take(bundle)


class _Wants:
    """The open wants, grouped by the parts that they lack, and the gain of each candidate.

    Taking a bundle changes the gain only of sets that now lack less, and of their supersets.
    """

    def __init__(self, worths: Mapping[Parts, int]) -> None:
        self._worth = dict[Parts, int]()
        self._gain = dict[Parts, int]()
        self._wants = defaultdict[Parts, list[Parts]](list, {parts: [parts] for parts in worths})
        self._lacking = defaultdict[int, set[Parts]](set)
        # Each set is stored under its rarest part, so that the subsets of a bundle are found under
        # the parts of the bundle.
        self._home = defaultdict[int, set[Parts]](set)
        self._rank = _ranks(worths)
        self._heap = list[tuple[int, int, list[int], Parts]]()
        self._floor = 0
        self._add(worths)

    def best(self) -> Parts | None:
        """The next bundle to take; None if no want is open."""
        while self._gain:
            while self._heap:
                gain, _, _, parts = self._heap[0]
                if self._gain.get(parts) == -gain:
                    return parts
                # outdated: the set was taken, or has another heap entry with its new gain
                heappop(self._heap)
            self._refill()
        return None

    def take(self, bundle: Parts) -> list[Parts]:
        """Takes the parts, and returns the wants that this closes."""
        moved, closed = defaultdict[Parts, int](int), list[Parts]()
        for parts in set[Parts]().union(*(self._lacking[part] for part in bundle)):
            rest = parts - bundle
            wants, worth = self._wants.pop(parts), self._remove(parts, rest)
            if rest:
                self._wants[rest] += wants
                moved[rest] += worth
            else:
                closed += wants
        for parts in self._rise(moved) | self._add(moved):
            if self._gain[parts] >= self._floor:
                heappush(self._heap, self._entry(parts))
        return closed

    def _refill(self) -> None:
        self._floor = sorted(self._gain.values())[-_ROUND:][0]
        self._heap = [
            self._entry(parts) for parts, gain in self._gain.items() if gain >= self._floor
        ]
        heapify(self._heap)

    def _remove(self, parts: Parts, rest: Parts) -> int:
        """Removes an open set of which ``rest`` is still lacking, and returns its worth.

        The set stays in ``_home``, where it has no worth.
        """
        del self._gain[parts]
        for part in rest:
            self._lacking[part].discard(parts)
        return self._worth.pop(parts)

    def _rise(self, moved: Mapping[Parts, int]) -> set[Parts]:
        """Adds the moved worth to the gain of all open supersets, and returns them."""
        risen = set[Parts]()
        for rest, worth in moved.items():
            for parts in min((self._lacking[part] for part in rest), key=len):
                if rest <= parts:
                    self._gain[parts] += worth
                    risen.add(parts)
        return risen

    def _add(self, moved: Mapping[Parts, int]) -> set[Parts]:
        """Adds the moved worth to the open sets, and returns the sets that are new."""
        new = {parts for parts in moved if parts not in self._worth}
        for parts in new:
            self._home[min(parts, key=self._rank.__getitem__)].add(parts)
            for part in parts:
                self._lacking[part].add(parts)
        for parts, worth in moved.items():
            self._worth[parts] = self._worth.get(parts, 0) + worth
        for parts in new:
            inside = (
                [one for part in parts for one in self._home[part] if one <= parts]
                if len(parts) > 1
                else [parts]
            )
            self._gain[parts] = sum([self._worth.get(one, 0) for one in inside])
        return new

    def _entry(self, parts: Parts) -> tuple[int, int, list[int], Parts]:
        return -self._gain[parts], len(parts), sorted(parts), parts


def _ranks(wants: Iterable[Parts]) -> dict[int, int]:
    """The rank of each part by frequency, rarest first."""
    count = defaultdict[int, int](int)
    for parts in wants:
        for part in parts:
            count[part] += 1
    return {
        part: rank for rank, part in enumerate(sorted(count, key=lambda part: (count[part], part)))
    }
