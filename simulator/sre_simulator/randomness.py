"""Random numbers that are equal on every machine.

They are BLAKE2b in counter mode, keyed by their purpose.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


class Dice:
    """A stream of random numbers.

    Equal keys give equal numbers in every process and Python version.
    """

    __slots__ = ("_key", "_turn")

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode()
        self._turn = 0

    def number(self) -> int:
        """Returns the next 64-bit integer."""
        self._turn += 1
        return int.from_bytes(
            blake2b(self._key + b"\x1e%d" % self._turn, digest_size=8).digest(), "big"
        )

    def below(self, bound: int) -> int:
        """Returns the next integer in [0, bound)."""
        return self.number() % bound

    def between(self, low: float, high: float) -> float:
        """Returns the next number in [low, high)."""
        return low + (high - low) * (self.number() / 2**64)

    def chance(self, share: float) -> bool:
        """Returns True with the given probability."""
        return self.number() / 2**64 < share

    def pick(self, choices: Sequence[T]) -> T:
        """Returns one of the choices."""
        return choices[self.below(len(choices))]

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """Returns one of the choices, each given with its probability.

        The probabilities sum to one.
        """
        rest = self.between(0, 1)
        for choice, share in choices:
            rest -= share
            if rest < 0:
                return choice
        return choices[-1][0]

    def hex(self, digits: int) -> str:
        """Returns a number of lower-case hexadecimal digits."""
        return "".join(f"{self.number():016x}" for _ in range(-(-digits // 16)))[:digits]

    def shuffled(self, choices: Iterable[T]) -> list[T]:
        """Returns all choices in random order."""
        ranked = [(self.number(), place, choice) for place, choice in enumerate(choices)]
        return [choice for _, _, choice in sorted(ranked, key=lambda entry: entry[:2])]
