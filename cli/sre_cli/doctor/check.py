"""One thing that was looked at, its state, and what the states add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sre_cli.exits import ANSWERED, UNREADABLE, UNSURE

OK, WARNING, FAILED, UNKNOWN, OFF = "ok", "warning", "failed", "unknown", "off"
STATES = (OK, WARNING, FAILED, UNKNOWN, OFF)


@dataclass(frozen=True, slots=True)
class Check:
    """One line.

    ok       it was tried, and works
    warning  it works, and something is missing or getting old
    failed   it was tried, and does not work
    unknown  nobody could tell: no answer, or nothing to ask with
    off      it is not set up, so nothing was tried
    """

    what: str
    state: str
    detail: str
    remedy: str = ""


def exit_code(checks: Sequence[Check]) -> int:
    """0 where all is well or off, 4 where something failed, else 3: something is missing, too old
    or unknown."""
    states = {one.state for one in checks}
    if FAILED in states:
        return UNREADABLE
    return UNSURE if states & {WARNING, UNKNOWN} else ANSWERED


def headline(checks: Sequence[Check]) -> str:
    """How many of each, in a sentence."""
    counts = {state: sum(one.state == state for one in checks) for state in STATES}
    words = {
        OK: "are well",
        WARNING: "with a warning",
        FAILED: "failed",
        UNKNOWN: "unknown",
        OFF: "off",
    }
    if not any(counts[state] for state in (WARNING, FAILED, UNKNOWN)):
        return f"All {counts[OK]} checks are well; {counts[OFF]} parts are off."
    told = [
        f"{counts[state]} {words[state]}"
        for state in (FAILED, WARNING, UNKNOWN, OFF)
        if counts[state]
    ]
    return f"Of {len(checks)} checks: {', '.join(told)}."


def to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Plain data: the number of each state, and the checks."""
    counts = {state: sum(one.state == state for one in checks) for state in STATES}
    return {
        "counts": counts,
        "exit_code": exit_code(checks),
        "checks": [asdict(one) for one in checks],
    }
