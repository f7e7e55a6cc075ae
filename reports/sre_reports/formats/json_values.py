"""The wire's nested parts as typed values, for every export. A part may have any shape: what does
not fit is absent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

# RFC 3986, a part at a time. No address of IPv6: validators refuse its short forms, and no advisory
# lives at one.
_ADDRESS = re.compile(
    r"(?P<start>https?://(?:[\w.~!$&'()*+,;=:-]*@)?[\w.~-]+(?::\d{0,5})?)"
    r"(?P<path>(?:/[^?#]*)?)(?P<query>(?:\?[^#]*)?)(?P<fragment>(?:#.*)?)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = "!$&'()*+,;=:@/~-._%"
_LONGEST_ADDRESS = 8192  # what is longer no browser opens
# of each kind of part: rows come resource by resource, and share what is known of a vulnerability
_KEPT = 4096


def _finite(text: str) -> float | None:
    """1e999 is a number for JSON and none for us: no format could hold it."""
    found = float(text)
    return found if math.isfinite(found) else None


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)


@lru_cache(maxsize=_KEPT)
def parsed(text: str | None) -> Any:
    """The JSON of a part; None where there is none. It is shared: nobody changes it."""
    return _DECODER.decode(text) if text else None


def mapping(text: str | None) -> Mapping[str, Any]:
    """A JSON object; anything else is an empty one."""
    found = parsed(text)
    return found if isinstance(found, dict) else {}


def part(wire: object, key: str) -> Mapping[str, Any]:
    """The object under a key; anything else is an empty one."""
    found = wire.get(key) if isinstance(wire, Mapping) else None
    return found if isinstance(found, dict) else {}


def sequence(value: object) -> list[Any]:
    """A list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in sequence(value) if isinstance(one, dict)]


def word(value: object) -> str | None:
    """A value of the wire as text; absent and empty ones are None."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def words(value: object) -> list[str]:
    """The texts of a list, each once."""
    return list(dict.fromkeys(text for text in map(word, sequence(value)) if text))


def web_address(value: object) -> str | None:
    """An address of the web as RFC 3986 has it, for formats that hold URIs alone: letters that it
    has no place for are encoded. None for anything else."""
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
    """Encoded what a part has no place for; what is encoded already stays, and a lone per cent is
    one."""
    return quote(_ESCAPED.sub("%25", text), safe=_UNRESERVED + more, errors="replace")


def number(value: object) -> float | int | None:
    """A finite number; anything else is None."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits else None  # type: ignore[return-value]  # mypy does not carry the check over the name


def present(**values: object) -> dict[str, Any]:
    """What there is: a value that is None, or an empty text, list or object, is not there."""
    return {
        key: value
        for key, value in values.items()
        if value is not None and value not in ("", [], {})
    }
