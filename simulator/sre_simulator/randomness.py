"""Chance that falls the same on every machine: BLAKE2b in counter mode, keyed by what the draw is
for."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


class Dice:
    """A stream of draws named by a key; equal keys give equal draws in every process and Python
    version."""

    __slots__ = ("_key", "_turn")

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode()
        self._turn = 0

    def number(self) -> int:
        """The next whole number of 64 bits."""
        self._turn += 1
        return int.from_bytes(
            blake2b(self._key + b"\x1e%d" % self._turn, digest_size=8).digest(), "big"
        )

    def below(self, bound: int) -> int:
        """The next whole number in [0, bound)."""
        return self.number() % bound

    def between(self, low: float, high: float) -> float:
        """The next number in [low, high)."""
        return low + (high - low) * (self.number() / 2**64)

    def chance(self, share: float) -> bool:
        """True in the given share of draws."""
        return self.number() / 2**64 < share

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of the choices; each stands with its share, and the shares sum to one."""
        rest = self.between(0, 1)
        for choice, share in choices:
            rest -= share
            if rest < 0:
                return choice
        return choices[-1][0]

    def hex(self, digits: int) -> str:
        """So many lower-case hexadecimal digits."""
        return "".join(f"{self.number():016x}" for _ in range(-(-digits // 16)))[:digits]

    def shuffled(self, choices: Iterable[T]) -> list[T]:
        """All choices in a drawn order."""
        ranked = [(self.number(), place, choice) for place, choice in enumerate(choices)]
        return [choice for _, _, choice in sorted(ranked, key=lambda entry: entry[:2])]
