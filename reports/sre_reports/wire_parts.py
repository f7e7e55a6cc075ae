"""The wire's nested parts as typed values, for every export. A part may have any shape: what does not fit is absent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_ADDRESS = re.compile(r"https?://[!-;=?-\[\]_a-z~]+")  # RFC 3986's letters: no space, quote or angle bracket
_KEPT = 4096  # of each kind of part: rows come resource by resource, and share what is known of a vulnerability


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
    """An address of the web; None for anything else, where a format holds URIs alone."""
    found = word(value) or ""
    return found if _ADDRESS.fullmatch(found) else None


def number(value: object) -> float | int | None:
    """A finite number; anything else is None."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if fits else None  # type: ignore[return-value]  # mypy does not carry the check over the name


def present(**values: object) -> dict[str, Any]:
    """What there is: a value that is None, or an empty text, list or object, is not there."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}
