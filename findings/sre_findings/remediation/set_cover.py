"""In which order to take bundles of parts, so that each one closes the most, given the ones before
it.

A want is a set of parts, and closes when the last of them is taken. What could be taken next is
what some open want still lacks: taking it closes that want, and every other one that lacks nothing
else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heappop, heappush

Parts = frozenset[int]
# how many of the best stand in the heap: the others' gains change many times before their turn
# comes
_ROUND = 256


def order(worths: Mapping[Parts, int]) -> Iterator[tuple[Parts, list[Parts]]]:
    """Bundles, and the wants that each one closes: the greatest worth first, then the fewest parts,
    then the lowest.

    ``worths`` are the wants, none of them empty, and what closing each one is worth. Together the
    bundles are the smallest set of parts that closes all, and each part is in one of them.
    """
    wants = _Wants(worths)
    while (bundle := wants.best()) is not None:
        yield bundle, wants.take(bundle)


class _Wants:
    """The open wants, those that lack the same as one, and what closes by taking what one of them
    lacks.

    A choice changes the gain of those alone that lack less since, and of those that lack all that
    these lack.
    """

    def __init__(self, worths: Mapping[Parts, int]) -> None:
        self._worth = dict[Parts, int]()
        self._gain = dict[Parts, int]()
        self._wants = defaultdict[Parts, list[Parts]](list, {parts: [parts] for parts in worths})
        self._lacking = defaultdict[int, set[Parts]](set)
        # Each want has its home at its rarest part: to find the subsets of a bundle, the homes of
        # its parts are enough.
        self._home = defaultdict[int, set[Parts]](set)
        self._rank = _ranks(worths)
        self._heap = list[tuple[int, int, list[int], Parts]]()
        self._floor = 0
        self._add(worths)

    def best(self) -> Parts | None:
        """What to take next; None when nothing is open."""
        while self._gain:
            while self._heap:
                gain, _, _, parts = self._heap[0]
                if self._gain.get(parts) == -gain:
                    return parts
                # it was taken, or gained since and stands elsewhere in the heap
                heappop(self._heap)
            self._refill()
        return None

    def take(self, bundle: Parts) -> list[Parts]:
        """Takes the parts, and gives the wants that close with them."""
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
        """Closes a set of which ``rest`` is still lacked. It stays at its home, where it is worth
        nothing."""
        del self._gain[parts]
        for part in rest:
            self._lacking[part].discard(parts)
        return self._worth.pop(parts)

    def _rise(self, moved: Mapping[Parts, int]) -> set[Parts]:
        """Adds to the gain of all that lack what the moved ones lack, and gives them."""
        risen = set[Parts]()
        for rest, worth in moved.items():
            for parts in min((self._lacking[part] for part in rest), key=len):
                if rest <= parts:
                    self._gain[parts] += worth
                    risen.add(parts)
        return risen

    def _add(self, moved: Mapping[Parts, int]) -> set[Parts]:
        """Opens what lacks the same as nothing open did, adds to the worth of what does, and gives
        the former."""
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
    """The place of each part among all, the rarest first."""
    count = defaultdict[int, int](int)
    for parts in wants:
        for part in parts:
            count[part] += 1
    return {
        part: rank for rank, part in enumerate(sorted(count, key=lambda part: (count[part], part)))
    }
