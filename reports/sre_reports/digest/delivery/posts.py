"""What is posted once, whoever tries and however often: a claim before it, a record after it.

A claim that ended well or badly says so. One that did not end may belong to somebody who is at it,
or who died on the way, perhaps after the post: after LEASE it may be taken over, by who looked
first whether the post is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sre_findings.sources.sources import Sources
from sre_findings.store import posts as kept
from sre_findings.store.table import Table

A_NIGHT = timedelta(hours=20)
"""Who tells of a night so long after it was told expects the next one."""
# longer than a post may take, with every look and every wait that Slack asks for
LEASE = timedelta(minutes=5)
_OPEN, _FAILED, _DOUBTFUL = "open", "failed", "doubtful"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to post a part. ``look`` says that an earlier one may have posted it, not before
    ``since``: look before you post.
    """

    part: str
    number: int
    look: bool
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else has the claim, ``until`` then at the latest; they may have posted it, not
    before ``since``."""

    until: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a part is; ``classic`` says that Slack took it without the newer blocks only. ``at`` is
    when it was recorded, None before that.
    """

    ts: str
    classic: bool = False
    at: datetime | None = None


class Posts:
    """The posts of one place: a channel and the key of what is posted there."""

    def __init__(
        self, table: Table, place: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table, self._place, self._now = table, place, now

    def sent(self, part: str) -> Sent | None:
        """Where a part is; None where nothing is known of it."""
        values = kept.sent(self._table, self._place, part)
        return (
            Sent(values["ts"], values["classic"], datetime.fromisoformat(values["at"]))
            if values
            else None
        )

    def claim(self, part: str) -> Claim | Taken:
        """The claim to post a part, or who has it."""
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
        """Gives the claim back. ``doubtful``: nobody knows whether it was posted."""
        values = _values(_DOUBTFUL if doubtful or claim.look else _FAILED, claim.at, claim.since)
        kept.end(self._table, self._place, claim.part, claim.number, values, self._now())

    def record(self, part: str, sent: Sent) -> None:
        """Says where the part is."""
        values = {"ts": sent.ts, "classic": sent.classic, "at": self._now().isoformat()}
        kept.record(self._table, self._place, part, values, self._now())


def _read(
    last: tuple[int, Mapping[str, Any]] | None, now: datetime
) -> tuple[int, str, datetime, datetime]:
    """The number, the state, the time and the first doubt of the newest claim; of none, as of one
    that failed."""
    if last is None:
        return 0, _FAILED, now, now
    number, values = last
    at, since = (datetime.fromisoformat(values[name]) for name in ("at", "since"))
    return number, values["state"], at, now if values["state"] == _FAILED else since


def _values(state: str, at: datetime, since: datetime) -> dict[str, Any]:
    return {"state": state, "at": at.isoformat(), "since": since.isoformat()}


def posts_of(sources: Sources, channel: str, key: str) -> Posts:
    """The posts of a channel: ``key`` is the snapshot, or whatever it is of."""
    return Posts(sources.table, f"{channel}#{key}", sources.now)
