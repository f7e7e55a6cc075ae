"""Look-ups of signature keys that are not known, which anyone can cause with a made-up key ID."""

from __future__ import annotations

from collections.abc import Callable

_UNKNOWN_FOR = 300.0  # seconds
_MANY = 200  # key IDs
_MINUTE = 60.0  # seconds


class Lookups:
    """A budget of look-ups per minute, and the key IDs that were looked up in vain."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = most, clock
        self._spent: list[float] = []
        self._unknown: dict[str, float] = {}

    def spend(self) -> bool:
        """Takes one look-up from the budget; False if none is left in this minute."""
        now = self._clock()
        self._spent = [one for one in self._spent if now - one < _MINUTE]
        if len(self._spent) >= self._most:
            return False
        self._spent.append(now)
        return True

    def is_unknown(self, kid: str) -> bool:
        """Returns whether the key ID was looked up in vain a short time ago."""
        return self._clock() - self._unknown.get(kid, float("-inf")) < _UNKNOWN_FOR

    def remember(self, kid: str) -> None:
        """Notes that there is no such key."""
        self._unknown[kid] = self._clock()
        if len(self._unknown) > _MANY:
            del self._unknown[next(iter(self._unknown))]
