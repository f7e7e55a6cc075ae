"""Epoch seconds. Numbers outside 1980–2100 are rejected as errors, such as milliseconds or 0."""

from __future__ import annotations

from datetime import UTC, datetime

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
