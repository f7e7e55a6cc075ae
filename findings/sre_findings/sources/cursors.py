"""Cursors of paged answers: the position, the snapshot and the query that they belong to.

A cursor is opaque to clients. It is valid for one day, only for the query that it came from, and
only while its snapshot exists. It grants no access: access is checked again for every page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sre_findings.model.answers.answer import TABLE
from sre_findings.model.errors import UsageError
from sre_findings.model.text import phrase
from sre_findings.sources.sources import Sources

LONGEST = 512
_GOOD_FOR = timedelta(days=1)
_FORM = re.compile(r"1\|([0-9A-Za-z-]{1,64})\|(\d{1,12})\|([1-9]\d{0,9})\|([0-9a-f]{32})\Z")
_AGAIN = phrase("Repeat the query without a cursor.")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next page begins after ``place`` items of this snapshot.

    ``asked_at`` is the time of the first page, which all pages use as the current time.
    """

    snapshot_id: str
    asked_at: datetime
    place: int

    def encode(self, query: str) -> str:
        """The cursor as text. ``query`` is the whole query as one text, without its cursor."""
        body = f"1|{self.snapshot_id}|{int(self.asked_at.timestamp())}|{self.place}"
        return (
            base64.urlsafe_b64encode(f"{body}|{_digest(body, query)}".encode()).decode().rstrip("=")
        )


def decode(text: str, query: str, now: datetime) -> Cursor:
    """The reverse of :meth:`Cursor.encode`.

    Raises UsageError if the text is not a cursor, belongs to another query or has expired.
    """
    match = _FORM.match(_plain(text))
    if match is None:
        raise UsageError(phrase("the cursor is not valid"), do=_AGAIN)
    snapshot_id, seconds, place, digest = match.groups()
    if digest != _digest(f"1|{snapshot_id}|{seconds}|{place}", query):
        why = phrase("a cursor is valid only for the tool and the arguments that it came from")
        raise UsageError(
            phrase("this cursor belongs to another query"),
            why=why,
            do=phrase("Use the same arguments, or: {}", _AGAIN),
        )
    asked_at = datetime.fromtimestamp(int(seconds), UTC)
    if not now - _GOOD_FOR <= asked_at <= now + timedelta(minutes=5):
        raise UsageError(
            phrase("this cursor has expired"),
            why=phrase("a cursor is valid for one day"),
            do=_AGAIN,
        )
    return Cursor(snapshot_id, asked_at, int(place))


def pinned(sources: Sources, cursor: Cursor) -> Sources:
    """The sources as they were for the first page: the same time, and no newer snapshot.

    Raises UsageError if the snapshot was pruned.
    """
    if cursor.snapshot_id == TABLE:
        return replace(sources, now=lambda: cursor.asked_at)
    commits = [
        one for one in sources.stores.snapshots.commits() if one.snapshot_id == cursor.snapshot_id
    ]
    if not commits:
        raise UsageError(
            phrase("snapshot {} of this cursor no longer exists", cursor.snapshot_id),
            why=phrase("it was pruned"),
            do=_AGAIN,
        )
    return replace(sources.pinned(commits[0]), now=lambda: cursor.asked_at)


def _plain(text: str) -> str:
    if len(text) > LONGEST:
        return ""
    try:
        return base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        ).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


def _digest(body: str, query: str) -> str:
    return hashlib.sha256(f"{body}|{query}".encode()).hexdigest()[:32]
