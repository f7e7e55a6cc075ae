"""The result of one check, and the exit code, headline and JSON of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sre_cli.exit_codes import ANSWERED, UNREADABLE, UNSURE
from sre_reports.wording import number

OK, WARNING, FAILED, UNKNOWN, OFF = "ok", "warning", "failed", "unknown", "off"
STATES = (OK, WARNING, FAILED, UNKNOWN, OFF)
_WORDS = {FAILED: "failed", WARNING: "with a warning", UNKNOWN: "unknown", OFF: "off"}


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. ``remedy`` is what to do, if anything.

    ok       it was tried, and works
    warning  it works, but something is missing or getting old
    failed   it was tried, and does not work
    unknown  it could not be checked: no answer, or no means to check it
    off      it is not configured, so it was not tried
    """

    what: str
    state: str
    detail: str
    remedy: str = ""


def exit_code(checks: Sequence[Check]) -> int:
    """Returns 4 if a check failed, otherwise 3 if one is a warning or unknown, otherwise 0."""
    states = {one.state for one in checks}
    if FAILED in states:
        return UNREADABLE
    return UNSURE if states & {WARNING, UNKNOWN} else ANSWERED


def headline(checks: Sequence[Check]) -> str:
    """Returns the number of checks in each state, as a sentence."""
    counts = _counts(checks)
    if not any(counts[state] for state in (WARNING, FAILED, UNKNOWN)):
        return f"{number(counts[OK], 'check')} passed; {counts[OFF]} off."
    others = [f"{counts[state]} {word}" for state, word in _WORDS.items() if counts[state]]
    return f"{number(len(checks), 'check')}: {', '.join(others)}."


def to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Returns plain data: the number of checks in each state, the exit code, and the checks."""
    return {
        "counts": _counts(checks),
        "exit_code": exit_code(checks),
        "checks": [asdict(one) for one in checks],
    }


def _counts(checks: Sequence[Check]) -> dict[str, int]:
    return {state: sum(one.state == state for one in checks) for state in STATES}
