"""Selects the snapshot for an ID or a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sre_findings.model.errors import NoSnapshot, UsageError
from sre_findings.model.text import phrase
from sre_findings.store.snapshots.reader import Commit

_ID = re.compile(r"\d{8}T\d{6}Z(-\d+)?\Z")
_AGO = re.compile(r"-(\d{1,4})([dhw])|(\d{1,4}) (hour|day|week)s? ago")
_HOURS = {"h": 1, "d": 24, "w": 168}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def choose(commits: Sequence[Commit], when: str | None, now: datetime) -> Commit:
    """The commit with a snapshot ID, or the newest one at or before a time.

    Without ``when``, returns the newest commit. ``when`` is an ID, a date (its whole day counts, in
    UTC), an ISO time, ``today``, ``yesterday``, ``friday`` (the last one before today), ``-7d``,
    ``-12h`` or ``3 days ago``. Raises UsageError for anything else, and if no snapshot is that old;
    NoSnapshot if there are no commits.
    """
    if not commits:
        raise NoSnapshot
    if when is None:
        return commits[-1]
    for commit in commits:
        if commit.snapshot_id == when:
            return commit
    # An ID is also an ISO 8601 time, so a pruned snapshot would be replaced by another one.
    if _ID.match(when):
        why = phrase("it never existed, or it was pruned")
        raise UsageError(
            phrase("there is no snapshot {}", when),
            why=why,
            do=phrase("See: sre-cli snapshots list --pruned."),
        )
    limit = moment(when, now)
    older = [commit for commit in commits if commit.started_at <= limit]
    if not older:
        raise UsageError(
            phrase("there is no snapshot from {} or earlier", when),
            why=phrase("the first is {}", commits[0].snapshot_id),
            do=phrase("See: sre-cli snapshots list."),
        )
    return older[-1]


def moment(text: str, now: datetime) -> datetime:
    """The last moment that a text refers to. Raises UsageError if the text is not a time."""
    words = " ".join(text.casefold().split())
    if (days := _days_ago(words, now)) is not None:
        return _end_of_day(now - timedelta(days=days))
    if match := _AGO.fullmatch(words):
        count, unit = match[1] or match[3], match[2] or match[4][0]
        return now - timedelta(hours=int(count) * _HOURS[unit])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        do = phrase(
            "Use a snapshot id, 2026-11-22, 2026-11-22T01:00Z, yesterday, friday, -7d or -12h."
        )
        raise UsageError(phrase("{!r} is neither a snapshot nor a time", text), do=do) from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return _end_of_day(aware) if len(text) == len("2026-11-22") else aware


def _days_ago(words: str, now: datetime) -> int | None:
    """How many days before today a word is, or None. Today's weekday is a week ago."""
    day = words.removeprefix("last ")
    if day in _DAYS:
        return (now.astimezone(UTC).weekday() - _DAYS.index(day) - 1) % 7 + 1
    return {"today": 0, "yesterday": 1}.get(words)


def _end_of_day(day: datetime) -> datetime:
    return day.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=999_999)
