"""Times of rows as text, for a million findings have three million of them."""

from __future__ import annotations

from functools import lru_cache

from sre_findings.ask.rows import time_of
from sre_findings.model.finding import iso

_SECOND = 1_000_000
_MINUTE, _DAY = 60 * _SECOND, 86_400 * _SECOND
_KEPT = 16_384


def csv_time(microseconds: int | None) -> str:
    """``2026-11-22T01:00:00Z``, with milliseconds where there are some, as ``iso`` writes it; empty
    where there is none."""
    if microseconds is None:
        return ""
    minutes, rest = divmod(microseconds, _MINUTE)
    if rest % _SECOND:
        return f"{_minute(minutes)}{rest // _SECOND:02}.{rest // 1000 % 1000:03}Z"
    return f"{_minute(minutes)}{rest // _SECOND:02}Z"


@lru_cache(_KEPT)
def _minute(minutes: int) -> str:
    """All that comes before the seconds."""
    moment = time_of(minutes * _MINUTE)
    return iso(moment)[:-3] if moment else ""
