"""The time of the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""When a scan in a test starts, unless the test says otherwise."""


@cache
def session_hour() -> datetime:
    """The hour in which the tests started, for tests of commands that read the system's clock."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
