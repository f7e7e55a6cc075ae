"""The age of open findings, stored so that what is overdue is computed at query time.

A rollup that stored "12 overdue" would have to be rewritten every midnight and after every change
of the policy. Instead it stores the number of findings by severity, first day and KEV due date.
These are only a few buckets, and they stay valid until a finding is opened or resolved.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from sre_findings.model.findings.severity import ORDER, OTHER, name_of
from sre_findings.model.sla.policy import Due, Policy, days_late, due, due_this_week
from sre_findings.model.timestamps import day_of

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.sla import Deadlines


class Bucket(NamedTuple):
    """What the findings of a bucket have in common.

    ``rank`` is that of the severity (0 is the worst, 6 unknown). ``opened`` and ``kev_due`` are ISO
    dates, or empty.
    """

    rank: int
    opened: str
    kev_due: str = ""


@dataclass(frozen=True, slots=True)
class Ages:
    """Open findings by bucket. Empty buckets are omitted, so that equal contents compare equal."""

    buckets: Mapping[Bucket, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, int]:
        """Compact plain data, sorted: ``{"0|2026-11-01|": 3}``."""
        return {
            f"{one.rank}|{one.opened}|{one.kev_due}": count
            for one, count in sorted(self.buckets.items())
        }

    @classmethod
    def from_json(cls, values: Mapping[str, int]) -> Ages:
        """The reverse of :meth:`to_json`. Raises ValueError for an invalid key."""
        return cls({_read(key): count for key, count in values.items() if count})


def bucketed(pairs: Iterable[tuple[Bucket, int]]) -> Ages:
    """The sum of the counts by bucket; a bucket may occur several times."""
    sums: Counter[Bucket] = Counter()
    for one, count in pairs:
        sums[one] += count
    return Ages({one: count for one, count in sums.items() if count})


def _read(key: str) -> Bucket:
    place, opened, kev_due = key.split("|")
    if not 0 <= int(place) <= OTHER:
        raise ValueError(f"{key!r} has no severity's rank")
    return Bucket(int(place), _date(opened), _date(kev_due) if kev_due else "")


def _date(text: str) -> str:
    return date.fromisoformat(text).isoformat()


@dataclass(frozen=True, slots=True)
class Lateness:
    """Open findings by due date; each is in exactly one of the first four numbers.

    ``late_by_rank`` has the overdue findings by severity, worst first, unknown severities last.
    ``oldest_days_late`` is 0 if none is overdue.
    """

    late: int = 0
    due_this_week: int = 0
    later: int = 0
    no_deadline: int = 0
    late_by_rank: tuple[int, ...] = (0,) * (OTHER + 1)
    oldest_days_late: int = 0

    def to_json(self) -> Deadlines:
        """The JSON object. The severities include ``other`` only if its count is not 0."""
        names = [*(name.lower() for name in ORDER), "other"]
        by_severity = {
            n: c for n, c in zip(names, self.late_by_rank, strict=True) if c or n != "other"
        }
        return {
            "late": self.late,
            "due_this_week": self.due_this_week,
            "later": self.later,
            "no_deadline": self.no_deadline,
            "late_by_severity": by_severity,
            "oldest_days_late": self.oldest_days_late,
        }


def lateness(ages: Ages, policy: Policy, today: date) -> Lateness:
    """The overdue findings on a day under a policy, the same as when checking each finding."""
    sums: Counter[str] = Counter()
    by_rank, oldest = [0] * (OTHER + 1), 0
    for one, count in ages.buckets.items():
        deadline = due_of(one, policy)
        past = days_late(deadline, today)
        sums[_group(deadline, today, past)] += count
        by_rank[one.rank] += count if past else 0
        oldest = max(oldest, past)
    return Lateness(sums["late"], sums["week"], sums["later"], sums["none"], tuple(by_rank), oldest)


@functools.lru_cache(maxsize=16384)
def due_of(one: Bucket, policy: Policy) -> Due:
    """The due date of a bucket's findings. Cached, because many scopes have the same buckets."""
    severity = name_of(one.rank)
    return due(policy, severity, day_of(one.opened), day_of(one.kev_due))


def _group(deadline: Due, today: date, past: int) -> str:
    if deadline.on is None:
        return "none"
    if past:
        return "late"
    return "week" if due_this_week(deadline, today) else "later"
