"""Plain JSON values that every client can read, and how much they take."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")  # of a pair: no encoding takes it
BYTES_A_TOKEN = 4


def dumps(value: Any) -> str:
    """Compact JSON; half a surrogate pair becomes U+FFFD."""
    return _HALF.sub("�", json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def plain(value: Any) -> Any:
    """The value as a client will have it."""
    return json.loads(dumps(value))


def size(value: Any) -> int:
    """Bytes on the wire."""
    return len(dumps(value).encode())
