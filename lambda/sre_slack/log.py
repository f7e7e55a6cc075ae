"""JSON log lines for CloudWatch.

A line contains only the given fields: no event, no header and no ``response_url``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from sre_findings.model.errors import SreError


def info(what: str, **facts: Any) -> None:
    """Logs an event as one line on stdout, from which Lambda collects the log."""
    _write("info", what, facts)


def error(what: str, cause: Exception, **facts: Any) -> None:
    """Logs a failure.

    Of an error that is not ours only the type is logged, because its text may contain secrets.
    """
    text = str(cause) if isinstance(cause, SreError) else type(cause).__name__
    _write("error", what, facts | {"error": text})


def _write(level: str, what: str, facts: dict[str, Any]) -> None:
    line = {"level": level, "time": round(time.time(), 3), "message": what, **facts}
    sys.stdout.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()
