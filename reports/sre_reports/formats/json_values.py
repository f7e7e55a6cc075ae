"""Nested JSON of findings as typed values, for every export format.

A value may have any shape. A value of an unexpected type is treated as absent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

# RFC 3986, part by part. IPv6 addresses are left out: validators reject their short forms, and no
# advisory uses one.
_ADDRESS = re.compile(
    r"(?P<start>https?://(?:[\w.~!$&'()*+,;=:-]*@)?[\w.~-]+(?::\d{0,5})?)"
    r"(?P<path>(?:/[^?#]*)?)(?P<query>(?:\?[^#]*)?)(?P<fragment>(?:#.*)?)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = "!$&'()*+,;=:@/~-._%"
_LONGEST_ADDRESS = 8192  # browsers do not open longer ones
# Size of the cache of each column. Rows come resource by resource, and share the details of
# vulnerabilities.
_KEPT = 4096


def _finite(text: str) -> float | None:
    """Parses a number. Infinite numbers are rejected.

    JSON allows them, such as 1e999, and no format can store them.
    """
    found = float(text)
    return found if math.isfinite(found) else None


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)


@lru_cache(maxsize=_KEPT)
def parsed(text: str | None) -> Any:
    """Returns the parsed JSON of a column; None if there is none.

    The result is cached and must not be changed.
    """
    return _DECODER.decode(text) if text else None


def mapping(text: str | None) -> Mapping[str, Any]:
    """Returns the parsed JSON object; empty for anything else."""
    found = parsed(text)
    return found if isinstance(found, dict) else {}


def part(wire: object, key: str) -> Mapping[str, Any]:
    """Returns the object under a key; empty for anything else."""
    found = wire.get(key) if isinstance(wire, Mapping) else None
    return found if isinstance(found, dict) else {}


def sequence(value: object) -> list[Any]:
    """Returns a list; empty for anything else."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Mapping[str, Any]]:
    """Returns the objects of a list, without other items."""
    return [one for one in sequence(value) if isinstance(one, dict)]


def word(value: object) -> str | None:
    """Returns a value as text; None if it is absent or empty."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def words(value: object) -> list[str]:
    """Returns the distinct texts of a list, in their order."""
    return list(dict.fromkeys(text for text in map(word, sequence(value)) if text))


def web_address(value: object) -> str | None:
    """Returns a URL as defined by RFC 3986, for formats that require URIs; None for anything else.

    Characters that RFC 3986 does not allow are encoded.
    """
    if (
        not isinstance(value, str)
        or len(value) > _LONGEST_ADDRESS
        or not (found := _ADDRESS.fullmatch(value))
    ):
        return None
    query, fragment = found["query"], found["fragment"]
    ends = (f"{end[:1]}{_encoded(end[1:], '?')}" for end in (query, fragment))
    return "".join((found["start"], _encoded(found["path"], ""), *ends))


def _encoded(text: str, more: str) -> str:
    """Percent-encodes the characters that a part does not allow.

    Encoded characters stay; a lone percent sign is encoded.
    """
    return quote(_ESCAPED.sub("%25", text), safe=_UNRESERVED + more, errors="replace")


def number(value: object) -> float | int | None:
    """Returns a finite number; None for anything else."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits else None  # type: ignore[return-value]  # mypy does not carry the check over the name


def present(**values: object) -> dict[str, Any]:
    """Returns the values that are present: not None, and not an empty text, list or object."""
    return {
        key: value
        for key, value in values.items()
        if value is not None and value not in ("", [], {})
    }
