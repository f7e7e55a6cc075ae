"""Epoch seconds. A number outside 1980–2100 is a mistake (milliseconds, or 0 for "none"), not a
time."""

from __future__ import annotations

from datetime import UTC, datetime

# 1980-01-01: no vulnerability is known from before, and 0 stands for a missing time
EARLIEST = 315_532_800.0
LATEST = 4_102_444_800.0  # 2100-01-01: milliseconds are far beyond it


def is_time(seconds: object) -> bool:
    """Whether a value is a time in epoch seconds."""
    return (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and EARLIEST <= seconds <= LATEST
    )


def epoch_of(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 time, which some AWS services send in place of numbers; in UTC
    unless it says else."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def moment_of(seconds: object) -> datetime | None:
    """The moment of epoch seconds, in UTC; None for what is no time."""
    return datetime.fromtimestamp(seconds, UTC) if is_time(seconds) else None  # type: ignore[arg-type]  # is_time says so
