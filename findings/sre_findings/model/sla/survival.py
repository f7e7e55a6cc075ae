"""Time to remediate, estimated with the findings that are still open (Kaplan–Meier).

A mean over resolved findings alone looks best if the hard ones stay open. The Kaplan–Meier estimate
counts every finding for as long as it was observed. It is implemented here because it takes a dozen
lines: lifelines, which also has it, adds NumPy, SciPy, pandas, Matplotlib and autograd to a command
that must start quickly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.time_to_fix import FixTimes


@dataclass(frozen=True, slots=True)
class TimeToFix:
    """The time to remediate of a group of findings.

    After ``median_days`` days from the first observation, half of the findings are patched; after
    ``p90_days``, nine of ten. They are None if not reached: too many findings were unpatched when
    last observed. ``unpatched`` findings are open, or ended without a patch (resource gone, no
    longer scanned). They prove only that a patch takes longer than they were observed.
    """

    median_days: int | None
    p90_days: int | None
    patched: int
    unpatched: int

    def to_json(self) -> FixTimes:
        """Plain data for answers."""
        return {
            "median_days": self.median_days,
            "p90_days": self.p90_days,
            "patched": self.patched,
            "unpatched": self.unpatched,
        }


class Step(NamedTuple):
    """A day of the curve.

    Of the findings ``watched`` until then, ``patched`` were patched on this day and ``unpatched``
    were last observed without a patch. ``share`` is the share of all findings not patched after the
    day, from 1 to 0.
    """

    day: int
    watched: int
    patched: int
    unpatched: int
    share: float


def time_to_fix(rows: Iterable[tuple[int, int, int]]) -> TimeToFix:
    """The estimate from rows of days, findings patched after that many days, and those not patched.

    The rows may be in any order, and a day may have several. On the same day, patches come first: a
    finding last observed unpatched on a day could still be patched on it.
    """
    patched, unpatched = _by_day(rows)
    return TimeToFix(
        _reached(_curve(patched, unpatched), 2),
        _reached(_curve(patched, unpatched), 10),
        patched.total(),
        unpatched.total(),
    )


def survival(rows: Iterable[tuple[int, int, int]]) -> list[Step]:
    """The curve of the same rows: day 0, and each day with a patch or a last observation."""
    patched, unpatched = _by_day(rows)
    if not patched:
        return []
    shares = {day: part / whole for day, part, whole in _curve(patched, unpatched)}
    steps, watched, share = list[Step](), patched.total() + unpatched.total(), 1.0
    for day in sorted({0, *patched}):
        share = shares.get(day, share)
        steps.append(Step(day, watched, patched[day], unpatched[day], share))
        watched -= patched[day] + unpatched[day]
    return steps


def _by_day(rows: Iterable[tuple[int, int, int]]) -> tuple[Counter[int], Counter[int]]:
    """The numbers patched and not patched after each number of days; both contain every day."""
    patched, unpatched = Counter[int](), Counter[int]()
    for days, fixed, left in rows:
        patched[days] += fixed
        unpatched[days] += left
    return patched, unpatched


def _curve(patched: Counter[int], unpatched: Counter[int]) -> Iterator[tuple[int, int, int]]:
    """The share still unpatched after each day with a patch, as numerator and denominator.

    A product of floats could miss exactly one half by its last digit, and the median would move to
    the next day.
    """
    watched, part, whole = patched.total() + unpatched.total(), 1, 1
    for day in sorted(patched):  # both contain every day
        if patched[day]:
            part, whole = part * (watched - patched[day]), whole * watched
            yield day, part, whole
        watched -= patched[day] + unpatched[day]


def _reached(curve: Iterable[tuple[int, int, int]], one_in: int) -> int | None:
    """The first day after which at most one in ``one_in`` is unpatched."""
    return next((day for day, part, whole in curve if part * one_in <= whole), None)
