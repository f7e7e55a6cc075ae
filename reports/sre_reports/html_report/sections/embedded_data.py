"""The findings of the report, packed for its script: shared values once, then compressed.

The script needs only what browsers have: base64, ``DecompressionStream`` and JSON. A text column is
its distinct values ``d`` and, for each row, an index ``i`` into them; a number column is a list.
Rows are ordered by weakness, so weaknesses are stored as differences, nearly all of them 0 or 1.
Due days are counted from the first observation, if that is known, because few of these differ.

Invisible characters are removed here; the script inserts text as text, never as markup. Base64 has
no character that could close the element.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sre_findings.model.findings.open_finding import OpenFinding
from sre_findings.model.findings.severity import rank
from sre_reports.plain_text import shortened, visible

LONGEST = 300  # characters of a title, name or package list; ids are never cut
# A level of zlib. Level 9 is 3 % smaller, and half a second slower for 100,000 findings.
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Packed:
    """All findings, packed.

    ``text`` is for the script. ``first`` has the first findings, for browsers without JavaScript.
    """

    text: str
    rows: int
    first: Sequence[OpenFinding]


def pack(findings: Iterable[OpenFinding], today: date, first: int) -> Packed:
    """Packs the findings. Reads each once.

    ``first`` is how many of them to keep unpacked as well.
    """
    weaknesses, places = _Numbered(), _Numbered()
    head: list[OpenFinding] = []
    columns: dict[str, list[Any]] = {
        name: [] for name in ("w", "p", "opened", "due", "new", "claims")
    }
    ago = _Days(today)
    before = 0
    for row, one in enumerate(findings):
        if row < first:
            head.append(one)
        weakness = weaknesses.number(one.weakness)
        columns["w"].append(weakness - before)
        columns["p"].append(places.number(one.place))
        age = None if one.opened_on is None else -ago[one.opened_on]
        columns["opened"].append(age)
        columns["due"].append(None if one.due_on is None else ago[one.due_on] + (age or 0))
        if one.new:
            columns["new"].append(row)
        if one.claim:
            columns["claims"].append([row, shown(one.claim)])
        before = weakness
    values = {
        "findings": columns,
        "weaknesses": _weaknesses(weaknesses.known),
        "places": _places(places.known),
    }
    return Packed(_compressed(values), len(columns["w"]), head)


class _Numbered:
    """Numbers distinct values in the order in which they first appear."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}

    def number(self, value: Hashable) -> int:
        return self.known.setdefault(value, len(self.known))


class _Days(dict[str, int]):
    """Days from today to an ISO date. Negative for the past."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def __missing__(self, day: str) -> int:
        self[day] = (date.fromisoformat(day) - self._today).days
        return self[day]


def _weaknesses(known: Iterable[Any]) -> dict[str, Any]:
    rows = list(known)
    texts = ("identity", "title", "packages", "installed", "fixed_in", "description")
    flags = ("exploit", "fixable", "reachable", "reboot")
    return {
        "severity": [rank(one.severity) for one in rows],
        "score": [one.score for one in rows],
        "epss": [None if one.epss is None else round(one.epss, 4) for one in rows],
        "kev": [None if one.kev is None else int(one.kev) for one in rows],
        **{name: [int(getattr(one, name)) for one in rows] for name in flags},
        **{name: _texts(getattr(one, name) for one in rows) for name in texts},
        "command": _texts((one.command for one in rows), visible),  # whole, or it would not run
    }


def _places(known: Iterable[Any]) -> dict[str, Any]:
    rows = list(known)
    ids, names = ("resource_id", "resource_type", "account_id", "region"), ("name", "owner")
    return {
        **{name: _texts((getattr(one, name) for one in rows), visible) for name in ids},
        **{name: _texts(getattr(one, name) for one in rows) for name in names},
    }


def shown(text: str) -> str:
    """Returns text from outside as the table shows it: visible characters only, shortened.

    Not for ids and ARNs, which are never cut.
    """
    return shortened(visible(text), LONGEST)


def _texts(values: Iterable[str], show: Callable[[str], str] = shown) -> dict[str, list[Any]]:
    distinct = _Numbered()
    places = [distinct.number(value) for value in values]
    return {"d": [show(value) for value in distinct.known], "i": places}


def _compressed(values: Any) -> str:
    body = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(body, _LEVEL)).decode("ascii")
