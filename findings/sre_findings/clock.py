"""The clock of entry points: the real one, or one that runs faster, to try a week of nights in
minutes.

``SRE_CLOCK`` is ``SPEED@MOMENT``: since that moment the clock runs so many times as fast. A process
that is started later, with the same value, reads the same time.
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
    """Now."""
    return datetime.now(UTC)


def clock(environ: Mapping[str, str]) -> tuple[Now, int]:
    """What tells the time, and how many times as fast as the real clock it runs. Raises UsageError
    for a wrong setting."""
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
