"""How long fixing takes, with the findings that are still open taken into account.

A mean over fixed findings alone looks best where the hard ones are left open. The Kaplan–Meier
estimate lets every finding count for as long as it was watched. It is written out here because it
is a dozen lines: lifelines, which has it too, brings NumPy, SciPy, pandas, Matplotlib and autograd
into a command that must start in a blink.
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
    """Days from first seen to patched: by ``median_days`` half of the findings are patched, by
    ``p90_days`` nine of ten.

    None means not reached: too many were still unpatched when last seen. ``unpatched`` are open, or
    ended without a patch (resource gone, no longer scanned): they say that fixing takes longer than
    they were watched, and no more.
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
    """A day of the curve: of those ``watched`` until then so many were ``patched`` on it, others
    were last seen ``unpatched``.

    ``share`` of all findings is still not patched after the day, from 1 to 0.
    """

    day: int
    watched: int
    patched: int
    unpatched: int
    share: float


def time_to_fix(rows: Iterable[tuple[int, int, int]]) -> TimeToFix:
    """The estimate from rows of days, findings patched after so many, and findings last seen
    unpatched after so many.

    A day may come in several rows, in any order. On the same day patches come first: who was last
    seen unpatched on a day was there to be patched on it.
    """
    patched, unpatched = _by_day(rows)
    return TimeToFix(
        _reached(_curve(patched, unpatched), 2),
        _reached(_curve(patched, unpatched), 10),
        patched.total(),
        unpatched.total(),
    )


def survival(rows: Iterable[tuple[int, int, int]]) -> list[Step]:
    """The curve of the same rows, a step each day on which a finding was patched or last seen, from
    day 0 on."""
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
    """How many were patched after so many days, and last seen unpatched; both hold every day."""
    patched, unpatched = Counter[int](), Counter[int]()
    for days, fixed, left in rows:
        patched[days] += fixed
        unpatched[days] += left
    return patched, unpatched


def _curve(patched: Counter[int], unpatched: Counter[int]) -> Iterator[tuple[int, int, int]]:
    """After each day with a patch the share that is still unpatched, as two whole numbers.

    A product of floats would miss exactly half by its last digit, and the median would jump to the
    next day.
    """
    watched, part, whole = patched.total() + unpatched.total(), 1, 1
    for day in sorted(patched):  # both hold every day
        if patched[day]:
            part, whole = part * (watched - patched[day]), whole * watched
            yield day, part, whole
        watched -= patched[day] + unpatched[day]


def _reached(curve: Iterable[tuple[int, int, int]], one_in: int) -> int | None:
    """The first day after which at most one in so many is unpatched."""
    return next((day for day, part, whole in curve if part * one_in <= whole), None)
