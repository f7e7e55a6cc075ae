"""Compares a listing with Inspector's own counts, finding by finding.

A finding that was ACTIVE when Inspector counted must be among those that are known: listed, or
returned later as changed since. A finding excuses a missing one in no other way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sre_findings.inspector.listing import ACCOUNT_ID, COUNTED
from sre_findings.inspector.wire.finding_parts import decode_resources
from sre_findings.inspector.wire.findings import WireFinding
from sre_findings.model.findings.severity import rank
from sre_findings.model.snapshots.shard_facts import Shortage
from sre_scanner.shard.parts import SortedFindings
from sre_scanner.spool.kinds import Kind
from sre_scanner.spool.rows import arn_keys, digests_of, tails_of
from sre_scanner.spool.spool import Spool

ByAccount = Mapping[str, Mapping[str, int]]
Group = tuple[str, str, str]
"""Account, resource type and severity ("all" for every one); "" is every account or type."""
_MOST_SHORTAGES = 100
_MALFORMED = "malformed"
"""The account of findings with an invalid account ID. They may be of any account."""


class Ended(NamedTuple):
    """A finding that is CLOSED since the listing began."""

    key: int
    place: tuple[str, str]
    severity: str
    first_observed_at: float
    closed_at: float


@dataclass(slots=True)
class CountedFindings:
    """Inspector's counts at one time (epoch seconds), by account, and by resource type too."""

    at: float
    by_account: ByAccount
    by_type: dict[str, ByAccount] = field(default_factory=dict)

    @property
    def totals(self) -> dict[str, int]:
        """The counts of the region."""
        every = self.by_account.values()
        return {name: sum(some.get(name, 0) for some in every) for name in COUNTED}

    def groups(self) -> Iterator[tuple[Group, int]]:
        """Yields the count of each group."""
        for kind, accounts in (("", self.by_account), *self.by_type.items()):
            for account, counts in accounts.items():
                yield from (((account, kind, name), number) for name, number in counts.items())


def ended_of(one: WireFinding) -> Ended:
    """Returns the parts of a CLOSED finding that are compared."""
    tails = tails_of([one.findingArn])
    key = int(arn_keys(digests_of([one.findingArn]) if tails is None else tails)[0])
    resources = decode_resources(bytes(one.resources)) if one.resources else []
    place = one.awsAccountId or "", resources[0].type if resources else ""
    first, closed = (
        np.nan if time is None else time for time in (one.firstObservedAt, one.updatedAt)
    )
    return Ended(key, place, _name(one.severity), first, closed)


def may_have_drifted(spool: Spool, counts: Sequence[CountedFindings]) -> bool:
    """Whether the listing and the counts do not agree at once, or anything changed meanwhile."""
    if not counts:
        return False
    if spool.changed or len(counts) < 2 or counts[0].by_account != counts[1].by_account:
        return True
    rows = spool.rows()
    listed: Counter[tuple[str, str]] = Counter()
    numbers = np.bincount(spool.column(rows, "kind"), minlength=len(spool.kinds))
    for kind, number in zip(spool.kinds.in_order(), numbers, strict=True):
        if kind.status == "ACTIVE":
            for name in {"all", _name(kind.severity)}:
                listed[kind.account_id or "", name] += int(number)
    return any(listed[account, name] < number for (account, _, name), number in counts[0].groups())


class Known:
    """The findings of a shard that are known to have been ACTIVE at a time."""

    def __init__(self, findings: SortedFindings, ended: Collection[Ended]) -> None:
        spool, rows, found, where = findings
        once = where.position == 0
        self._row, self._kind = where.row[once], where.kind[once]
        self._kinds, self._ended = spool.kinds.in_order(), ended
        self._first = spool.column(rows, "first_observed_at")[self._row]
        self._updated = spool.column(rows, "updated_at")[self._row]
        self._types, codes = np.unique(np.array(found.types, np.str_), return_inverse=True)
        self._group = self._kind.astype(np.int64) * max(len(self._types), 1)
        if len(self._row):
            self._group += codes[where.entry[once]]
        active = np.array([kind.status == "ACTIVE" for kind in self._kinds], np.bool_)
        self._active = active[self._kind]
        if ended:
            keys = arn_keys(spool.column(rows, "tail")[self._row])
            closed = np.array([one.key for one in ended], np.uint64)
            self._closed = np.isin(keys, closed)
        else:
            self._closed = np.zeros(len(self._row), np.bool_)

    def at(self, time: float) -> Counter[Group]:
        """Returns the number of findings by group.

        A finding that changed since may have had any other status and severity, so it counts for
        each severity, and only once in all.
        """
        existed, changed = ~(self._first > time), self._updated >= time
        listed = self._active & ~self._closed
        counts: Counter[Group] = Counter()
        self._add(counts, existed & listed & ~changed, _own_severity)
        self._add(counts, existed & changed & ~self._closed, lambda _: COUNTED)
        for one in self._ended:
            if not one.first_observed_at > time and one.closed_at >= time:
                _count(counts, one.place, COUNTED, 1)
        return counts

    def _add(
        self,
        counts: Counter[Group],
        chosen: npt.NDArray[np.bool_],
        names: Callable[[Kind], Sequence[str]],
    ) -> None:
        numbers = np.bincount(self._group[chosen])
        for group in np.flatnonzero(numbers):
            kind, code = divmod(int(group), len(self._types))
            place = self._kinds[kind].account_id or "", str(self._types[code])
            _count(counts, place, names(self._kinds[kind]), int(numbers[group]))


def _own_severity(kind: Kind) -> Sequence[str]:
    return tuple({"all", _name(kind.severity)})


def _count(
    counts: Counter[Group], place: tuple[str, str], names: Sequence[str], number: int
) -> None:
    account, kind = place
    if not ACCOUNT_ID.fullmatch(account):
        account = _MALFORMED
    for name in names:
        for group in {("", "", name), (account, "", name), (account, kind, name)}:
            counts[group] += number


def reconcile(
    counts: Sequence[CountedFindings], known: Known
) -> tuple[tuple[dict[str, int], ...], tuple[Shortage, ...]]:
    """Returns the number of known findings for each count, by severity, and what is short.

    A group is short if at any of the times Inspector counted more findings than are known.
    """
    seen = [known.at(one.at) for one in counts]
    totals = tuple({name: one["", "", name] for name in COUNTED} for one in seen)
    worst: dict[Group, tuple[int, int]] = {}  # the largest shortage of each group
    for one, some in zip(counts, seen, strict=True):
        for group, number in one.groups():
            account, kind, name = group
            stray = some[_MALFORMED, kind, name] if account else 0
            pair = some[group] + stray, number
            before = worst.setdefault(group, pair)
            worst[group] = max(before, pair, key=lambda known: known[1] - known[0])
    short = (Shortage(*group, *pair) for group, pair in sorted(worst.items()) if pair[0] < pair[1])
    return totals, tuple(short)[:_MOST_SHORTAGES]


def _name(severity: str | None) -> str:
    """Returns the severity's name in Inspector's counts, or "all" if it has none of its own."""
    place = rank(severity) + 1
    return COUNTED[place] if place < len(COUNTED) else "all"
