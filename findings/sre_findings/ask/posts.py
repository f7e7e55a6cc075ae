"""What is posted once, whoever tries and however often: a claim before it, a record after it.

A claim that ended well or badly says so. One that did not end may belong to somebody who is at it, or who died on the way,
perhaps after the post: after LEASE it may be taken over, by who looked first whether the post is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sre_findings.ask.sources import Sources
from sre_findings.store import posts as kept
from sre_findings.store.table import Table

LEASE = timedelta(seconds=150)  # longer than a post may take, with every wait that Slack asks for
_OPEN, _FAILED, _DOUBTFUL = "open", "failed", "doubtful"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to post a part. ``look`` says that an earlier one may have posted it: look before you post."""

    part: str
    number: int
    look: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else has the claim, until then at the latest."""

    until: datetime


class Posts:
    """The posts of one place: a channel and the key of what is posted there."""

    def __init__(self, table: Table, place: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._table, self._place, self._now = table, place, now

    def sent(self, part: str) -> str | None:
        """Where a part is; None where nothing is known of it."""
        values = kept.sent(self._table, self._place, part)
        return str(values["ts"]) if values else None

    def claim(self, part: str) -> Claim | Taken:
        """The claim to post a part, or who has it."""
        now, last = self._now(), kept.last_claim(self._table, self._place, part)
        state = last[1]["state"] if last else _FAILED
        if last and state == _OPEN and (until := datetime.fromisoformat(last[1]["at"]) + LEASE) > now:
            return Taken(until)
        number = last[0] + 1 if last else 1
        values = {"state": _OPEN, "at": now.isoformat()}
        if not kept.claim(self._table, self._place, part, number, values, now):
            return Taken(now + LEASE)
        return Claim(part, number, state != _FAILED, now)

    def failed(self, claim: Claim, *, doubtful: bool) -> None:
        """Gives the claim back. ``doubtful``: nobody knows whether it was posted."""
        values = {"state": _DOUBTFUL if doubtful or claim.look else _FAILED, "at": claim.at.isoformat()}
        kept.end(self._table, self._place, claim.part, claim.number, values, self._now())

    def record(self, part: str, ts: str) -> None:
        """Says where the part is."""
        kept.record(self._table, self._place, part, {"ts": ts, "at": self._now().isoformat()}, self._now())


def posts_of(sources: Sources, channel: str, key: str) -> Posts:
    """The posts of a channel: ``key`` is the snapshot, or whatever it is of."""
    return Posts(sources.table, f"{channel}#{key}", sources.now)
