"""Random lives of generated findings.

Each day has new, fixed, reopened and suppressed findings, and changes of severity.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from sre_simulator.fleet.lifecycle import DAY, Event, Happening
from sre_simulator.randomness import Dice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sre_simulator.fleet.resource import Life

_PLOTS: tuple[tuple[str, float], ...] = (
    ("steady", 0.82),
    ("touched", 0.03),
    ("new", 0.05),
    ("fixed", 0.045),
    ("fixed before", 0.01),
    ("reopened", 0.015),
    ("suppressed", 0.015),
    ("unsuppressed", 0.005),
    ("re-rated", 0.01),
)


@dataclass(frozen=True, slots=True)
class Span:
    """The period of the lives, from `begins` (epoch seconds), with events before each scan."""

    begins: float
    nights: tuple[float, ...]
    ends: float = inf

    @classmethod
    def of(cls, nights: Sequence[datetime], begins: float, ends: float = inf) -> Span:
        """Returns the period over the given times."""
        return cls(begins, tuple(night.timestamp() for night in nights), ends)

    def before_a_night(self, dice: Dice) -> float:
        """Returns a time in the day before one of the nights.

        The first night is excluded if there are more.
        """
        late = [night for night in self.nights[1:] or self.nights if night - DAY > self.begins]
        night = dice.pick(late or self.nights[-1:])
        return round(max(self.begins + 60, night - dice.between(3600, 80000)), 3)

    def long_ago(self, dice: Dice) -> float:
        """Returns a time before the first night, or soon after a later beginning."""
        if self.begins >= self.nights[0] - DAY:
            return round(self.begins + dice.between(300, 1500), 3)
        return round(dice.between(self.begins + 300, self.nights[0] - DAY), 3)


def _events(*happenings: tuple[float, Happening]) -> Life:
    return tuple(Event(at, kind) for at, kind in happenings)


def _pair(span: Span, dice: Dice, first: Happening, second: Happening) -> Life:
    moments = sorted((span.before_a_night(dice), span.before_a_night(dice)))
    return _events((span.long_ago(dice), Happening.OPEN), (moments[0], first), (moments[1], second))


def _after(span: Span, dice: Dice, kind: Happening) -> Life:
    return _events((span.long_ago(dice), Happening.OPEN), (span.before_a_night(dice), kind))


def _fixed_before(span: Span, dice: Dice) -> Life:
    opened = span.long_ago(dice)
    closed = max(opened + 60, span.nights[0] - dice.between(1, 20) * DAY)
    return _events((opened, Happening.OPEN), (round(closed, 3), Happening.CLOSE))


def _rerated(span: Span, dice: Dice) -> Life:
    rated = Event(
        span.before_a_night(dice), Happening.SEVERITY, dice.pick(("LOW", "MEDIUM", "HIGH"))
    )
    return (Event(span.long_ago(dice), Happening.OPEN), rated)


_DRAWERS: dict[str, Callable[[Span, Dice], Life]] = {
    "steady": lambda span, dice: _events((span.long_ago(dice), Happening.OPEN)),
    "new": lambda span, dice: _events((span.before_a_night(dice), Happening.OPEN)),
    "touched": lambda span, dice: _after(span, dice, Happening.TOUCH),
    "fixed": lambda span, dice: _after(span, dice, Happening.CLOSE),
    "fixed before": _fixed_before,
    "reopened": lambda span, dice: _pair(span, dice, Happening.CLOSE, Happening.REOPEN),
    "suppressed": lambda span, dice: _after(span, dice, Happening.SUPPRESS),
    "unsuppressed": lambda span, dice: _pair(span, dice, Happening.SUPPRESS, Happening.UNSUPPRESS),
    "re-rated": _rerated,
}


def draw_life(span: Span, dice: Dice, plot: str = "") -> Life:
    """Returns a life within a period; `plot` selects it instead of chance.

    It ends as terminated if the resource ends.
    """
    life = _DRAWERS[plot or dice.weighted(_PLOTS)](span, dice)
    if span.ends == inf:
        return life
    return (
        *(event for event in life if event.at < span.ends),
        Event(span.ends, Happening.TERMINATE),
    )


class SharedLives:
    """The lives of a large resource, from a shared table: nothing is kept per finding."""

    __slots__ = ("_salt", "_table")

    def __init__(self, table: Sequence[Life], salt: int) -> None:
        self._table = table
        self._salt = salt

    def __getitem__(self, slot: int) -> Life:
        return self._table[((slot + self._salt) * 2654435761 >> 11) % len(self._table)]
