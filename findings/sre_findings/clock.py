"""The clock of entry points: the real one, or a faster one to simulate a week in minutes.

``SRE_CLOCK`` is ``SPEED@MOMENT``: from that moment on, the clock runs at SPEED times real time. A
process that starts later with the same value reads the same time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sre_findings.model.errors import UsageError

VARIABLE = "SRE_CLOCK"
_FORM = re.compile(r"(\d{1,6})@(\S+)")

Now = Callable[[], datetime]


def real() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def clock(environ: Mapping[str, str]) -> tuple[Now, int]:
    """The clock and its speed relative to real time, as ``SRE_CLOCK`` sets them.

    Raises UsageError if the setting is invalid.
    """
    text = environ.get(VARIABLE, "")
    if not text:
        return real, 1
    match = _FORM.fullmatch(text)
    try:
        since = datetime.fromisoformat(match[2]) if match else None
    except ValueError:
        since = None
    if match is None or since is None or since.tzinfo is None or int(match[1]) < 1:
        raise UsageError(
            f"{VARIABLE}={text!r} is not a clock",
            do=f"Example: 3600@{real():%Y-%m-%dT%H:%M:%SZ}; or unset it.",
        )
    speed, start = int(match[1]), since.astimezone(UTC)
    return lambda: start + (real() - start) * speed, speed
