"""Lines of JSON for CloudWatch. A line has what it was given and nothing else: no event, no header,
no address to answer to."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from sre_findings.model.errors import SreError


def note(what: str, **facts: Any) -> None:
    """Something that happened, as one line on stdout, where Lambda takes its log from."""
    _write("info", what, facts)


def fault(what: str, error: Exception, **facts: Any) -> None:
    """Something that failed. Of an error of another library its kind is told, for its text may hold
    anything."""
    why = {"error": str(error)} if isinstance(error, SreError) else {"error": type(error).__name__}
    _write("error", what, facts | why)


def _write(level: str, what: str, facts: dict[str, Any]) -> None:
    line = {"level": level, "time": round(time.time(), 3), "message": what, **facts}
    sys.stdout.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()
