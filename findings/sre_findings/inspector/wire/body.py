"""Bodies of responses: decoded, or repaired and decoded again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON, mended, sound

T = TypeVar("T")

_ANY = msgspec.json.Decoder()


class Garbled(Exception):
    """A body that is not JSON even after repair, or lacks required fields. It is retried."""


def decode_object(body: bytes) -> dict[str, Any]:
    """Decodes any other response as plain data. Raises Garbled if it is not a JSON object."""
    values = insist(body, lambda text: _ANY.decode(sound(text)), "not JSON")
    if not isinstance(values, dict):
        raise Garbled(f"not a JSON object but {type(values).__name__}")
    return values


def insist(body: bytes, decode: Callable[[bytes], T], what: str) -> T:
    """Decodes the body, repairing it first if it is not valid JSON. Raises Garbled."""
    try:
        body.decode()
        return decode(body)
    except NOT_JSON:
        pass
    try:
        return decode(mended(body))
    except NOT_JSON as error:
        raise Garbled(f"{what}: {error}") from error
