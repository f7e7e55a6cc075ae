"""The time of the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""The start time of a scan in a test by default."""


@cache
def session_hour() -> datetime:
    """The hour in which the tests started, for commands that use the system clock."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def month_ago() -> str:
    """``SRE_CLOCK`` for a clock that is a month behind, to which the tests' snapshots are new.

    The clock runs twice as fast, so what starts in a month is a month behind today.
    """
    return f"2@{session_hour() + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
