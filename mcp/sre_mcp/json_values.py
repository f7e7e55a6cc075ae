"""JSON values that every client can decode, and their size."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")  # a lone surrogate cannot be encoded
BYTES_A_TOKEN = 4


def dumps(value: Any) -> str:
    """Returns compact JSON. A lone surrogate becomes U+FFFD."""
    text = _dumps(value)
    return text if text.isascii() else _SURROGATE.sub("�", text)


def encodable(value: Any) -> Any:
    """Returns the value with lone surrogates replaced; the same object if it has none."""
    return measured(value)[0]


def measured(value: Any) -> tuple[Any, int]:
    """Returns the result of ``encodable``, and its size as JSON in bytes."""
    text = _dumps(value)
    if text.isascii():
        return value, len(text)
    whole = _SURROGATE.sub("\ufffd", text)
    return value if whole == text else json.loads(whole), len(whole.encode())


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
