"""Open findings by age and severity, in bands that end at the SLA's due dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sre_findings.model.sla.ages import Ages, due_of
from sre_findings.model.sla.policy import Policy, late


class Band(NamedTuple):
    """A range of ages in days, both ends included. ``last`` is None for the oldest band."""

    first: int
    last: int | None


class Square(NamedTuple):
    """The findings of one severity in one band, and how many of them are overdue."""

    findings: int
    late: int


@dataclass(frozen=True, slots=True)
class AgeGrid:
    """Squares by rank of severity, one per band, youngest first.

    Severities without findings are omitted.
    """

    bands: tuple[Band, ...]
    rows: Mapping[int, tuple[Square, ...]]


def bands(policy: Policy) -> tuple[Band, ...]:
    """The bands of a policy. Each ends with the SLA of a severity.

    Without KEV due dates, the findings of one severity in a band are therefore all overdue or all
    in time.
    """
    ends = sorted({days for days in policy.sla if days is not None})
    firsts = [0, *(end + 1 for end in ends)]
    return tuple(Band(first, last) for first, last in zip(firsts, [*ends, None], strict=True))


def age_grid(ages: Ages, policy: Policy, today: date) -> AgeGrid:
    """Counts every open finding in its square.

    The sum of the overdue ones equals that of :func:`sre_findings.model.sla.ages.lateness`.
    """
    known = bands(policy)
    findings, past = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for bucket, count in ages.buckets.items():
        square = bucket.rank, _band(known, (today - date.fromisoformat(bucket.opened)).days)
        findings[square] += count
        past[square] += count if late(due_of(bucket, policy), today) else 0
    places = range(len(known))
    return AgeGrid(known, {rank: tuple(Square(findings[rank, n], past[rank, n]) for n in places)
                           for rank in sorted({rank for rank, _ in findings})})  # fmt: skip


def _band(known: tuple[Band, ...], days: int) -> int:
    return next(n for n, band in enumerate(known) if band.last is None or days <= band.last)
