"""Records that ensure each part of a digest is posted once: a claim before, a record after.

A claim ends as posted or failed. An open claim belongs to a run that is still posting, or that was
killed, perhaps after the post. After LEASE, another run may take the claim over, and must check
first whether the part is posted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sre_findings.sources.sources import Sources
from sre_findings.store.records import posts as kept
from sre_findings.store.records.table import Table

A_NIGHT = timedelta(hours=20)
"""A digest that is posted again after this time is assumed to be the next one."""
# Longer than a post can take, including all searches and rate limits.
LEASE = timedelta(minutes=5)
_OPEN, _FAILED, _DOUBTFUL = "open", "failed", "doubtful"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to post a part.

    With ``look``, an earlier run may have posted it, not before ``since``. The channel must then be
    searched first.
    """

    part: str
    number: int
    look: bool
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Another run holds the claim, at most until ``until``.

    It may have posted the part, not before ``since``.
    """

    until: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A posted part, identified by its ``ts``.

    ``classic`` means that Slack rejected the newer block types. ``at`` is the time it was recorded,
    None before that.
    """

    ts: str
    classic: bool = False
    at: datetime | None = None


class Posts:
    """The posted parts of one digest in one channel."""

    def __init__(
        self, table: Table, place: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table, self._place, self._now = table, place, now

    def sent(self, part: str) -> Sent | None:
        """Returns the record of a part; None if there is none."""
        values = kept.sent(self._table, self._place, part)
        return (
            Sent(values["ts"], values["classic"], datetime.fromisoformat(values["at"]))
            if values
            else None
        )

    def claim(self, part: str) -> Claim | Taken:
        """Claims a part, or returns the claim of another run."""
        now, last = self._now(), kept.last_claim(self._table, self._place, part)
        number, state, at, since = _read(last, now)
        if state == _OPEN and at + LEASE > now:
            return Taken(at + LEASE, since)
        if not kept.claim(
            self._table, self._place, part, number + 1, _values(_OPEN, now, since), now
        ):
            return Taken(now + LEASE, since)
        return Claim(part, number + 1, state != _FAILED, now, since)

    def failed(self, claim: Claim, *, doubtful: bool) -> None:
        """Ends the claim as failed. ``doubtful`` means that the part may have been posted."""
        values = _values(_DOUBTFUL if doubtful or claim.look else _FAILED, claim.at, claim.since)
        kept.end(self._table, self._place, claim.part, claim.number, values, self._now())

    def record(self, part: str, sent: Sent) -> None:
        """Records a posted part."""
        values = {"ts": sent.ts, "classic": sent.classic, "at": self._now().isoformat()}
        kept.record(self._table, self._place, part, values, self._now())


def _read(
    last: tuple[int, Mapping[str, Any]] | None, now: datetime
) -> tuple[int, str, datetime, datetime]:
    """Returns the number, state, time and first doubt of the newest claim.

    If there is no claim, the result is that of a failed one.
    """
    if last is None:
        return 0, _FAILED, now, now
    number, values = last
    at, since = (datetime.fromisoformat(values[name]) for name in ("at", "since"))
    return number, values["state"], at, now if values["state"] == _FAILED else since


def _values(state: str, at: datetime, since: datetime) -> dict[str, Any]:
    return {"state": state, "at": at.isoformat(), "since": since.isoformat()}


def posts_of(sources: Sources, channel: str, key: str) -> Posts:
    """Returns the posts of a channel; ``key`` identifies the digest, usually by its snapshot."""
    return Posts(sources.stores.table, f"{channel}#{key}", sources.now)
