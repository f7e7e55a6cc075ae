"""Plain JSON values that every client can read, and how much they take."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")  # of a pair: no encoding takes it
BYTES_A_TOKEN = 4


def dumps(value: Any) -> str:
    """Compact JSON; half a surrogate pair becomes U+FFFD."""
    text = _dumps(value)
    return text if text.isascii() else _HALF.sub("�", text)


def plain(value: Any) -> Any:
    """The value as a client can have it; the same one where nothing in it is broken."""
    return measured(value)[0]


def measured(value: Any) -> tuple[Any, int]:
    """What ``plain`` makes of the value, and its bytes on the wire."""
    text = _dumps(value)
    if text.isascii():
        return value, len(text)
    whole = _HALF.sub("\ufffd", text)
    return value if whole == text else json.loads(whole), len(whole.encode())


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
