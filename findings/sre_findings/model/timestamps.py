"""Times as text and as epoch seconds.

Epoch seconds outside 1980–2100 are rejected as errors, such as milliseconds or 0. Stored records
have times in the form of ``datetime.isoformat``, which keeps microseconds; everything else that the
product writes has the form of ``iso``.
"""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime
from typing import overload

# 1980-01-01: no vulnerability is older, and 0 means a missing time
EARLIEST = 315_532_800.0
LATEST = 4_102_444_800.0  # 2100-01-01: milliseconds are far larger


def is_time(seconds: object) -> bool:
    """Whether a value is a valid time in epoch seconds."""
    return (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and EARLIEST <= seconds <= LATEST
    )


def epoch_of(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 time, which some AWS services send instead of a number.

    A time without a zone is UTC. None if the text is not a time.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def moment_of(seconds: object) -> datetime | None:
    """The datetime of epoch seconds, in UTC; None if they are not a valid time."""
    return datetime.fromtimestamp(seconds, UTC) if is_time(seconds) else None  # type: ignore[arg-type]  # is_time says so


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
@overload
def iso(moment: datetime | None) -> str | None: ...
def iso(moment: datetime | None) -> str | None:
    """A time as all answers show it: 2026-11-22T01:00:00Z, with milliseconds only if not zero."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(
        timespec="milliseconds" if moment.microsecond else "seconds"
    )
    return text.replace("+00:00", "Z")


@overload
def iso_date(day: date) -> str: ...
@overload
def iso_date(day: date | None) -> str | None: ...
def iso_date(day: date | None) -> str | None:
    """A date as all answers show it: 2026-11-22. Of a datetime, its own date."""
    return None if day is None else day.isoformat()[:10]


@functools.lru_cache(maxsize=8192)
def day_of(text: str | None) -> date | None:
    """The day of an ISO date; None if there is none or it is not a date, as in a damaged part.

    Cached, because findings are many and distinct days few.
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def utc_minute(moment: datetime) -> str:
    """A time in UTC as messages show it: 2026-11-22 01:00 UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
