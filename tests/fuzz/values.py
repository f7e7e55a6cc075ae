"""Odd values and texts, and changes that make valid JSON odd. All of them follow from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "\0",
    "\n\r\t",
    "\x1b[2J",
    "\u202eabc",
    "\ud800",
    "é" * 40,
    "x" * 5000,
    "0",
    "-1",
    "null",
    "%",
    "%00",
    "%s%n",
    "{0}{name}",
    "$(id)",
    "`id`",
    "' or 1=1 --",
    '"; drop table findings; --',
    "../../../../etc/passwd",
    "..%2f..%2fetc",
    "file:///etc/passwd",
    "sre://snapshots/latest",
    "sre://resources/../x",
    "sre://reports/%00",
    "<<<DATA DATA>>>",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "9999-99-99",
    "-9999w",
    "2026-11-30",
    "yesterday",
    "i-0b36f1e4a7c92d508",
    "prod-web-36",
    "payments",
    "openssl",
    "CVE-2024-3094",
    "arn:aws:inspector2:*:*:finding/*",
    "*",
)
NUMBERS = (0, -1, 1, 2, 400, 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, 1e308, -0.0)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": ""}, {"a": {"b": [1]}})


def text(rng: Random) -> str:
    """A listed text, a part of one, two of them, or random characters."""
    one = rng.choice(TEXTS)
    kind = rng.randrange(6)
    if kind == 0:
        return one + rng.choice(TEXTS)
    if kind == 1:
        return one[: rng.randrange(len(one) + 1)]
    if kind == 2:
        return "".join(chr(rng.randrange(0x250)) for _ in range(rng.randrange(40)))
    return one


def value(rng: Random, depth: int = 0) -> Any:
    """Any JSON value."""
    kind = rng.randrange(8 if depth < 4 else 5)
    if kind < 2:
        return text(rng)
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind == 4:
        return rng.choice(OTHERS)
    if kind == 5:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 6:
        return {text(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))}
    return nested(rng)


def nested(rng: Random) -> Any:
    """A value within up to 300 lists or objects."""
    found: Any = 1
    for _ in range(rng.choice((5, 50, 150, 300))):
        found = [found] if rng.random() < 0.5 else {"a": found}
    return found


def changed(rng: Random, given: Any) -> Any:
    """The value with one part of it removed, replaced, added or renamed."""
    if isinstance(given, dict) and given and rng.random() < 0.9:
        name = rng.choice([*given])
        change: Callable[[], Any] = rng.choice(
            (
                lambda: {key: one for key, one in given.items() if key != name},
                lambda: {**given, name: value(rng)},
                lambda: {**given, text(rng): value(rng)},
                lambda: {(text(rng) if key == name else key): one for key, one in given.items()},
                lambda: {**given, name: changed(rng, given[name])},
                lambda: {**given, name: changed(rng, given[name])},
            )
        )
        return change()
    if isinstance(given, list) and given and rng.random() < 0.9:
        place = rng.randrange(len(given))
        return [*given[:place], changed(rng, given[place]), *given[place + 1 :]]
    return value(rng)


def encoded(rng: Random, given: Any) -> bytes:
    """The value as JSON; sometimes with changed, missing or additional bytes."""
    body = json.dumps(given, ensure_ascii=rng.random() < 0.8).encode(errors="surrogatepass")
    kind = rng.randrange(12)
    place = rng.randrange(len(body) + 1)
    if kind == 0:
        return body[:place]
    if kind == 1:
        return body[:place] + rng.randbytes(3) + body[place:]
    if kind == 2:
        return body[:place] + rng.choice((b'"', b"[", b"}", b"NaN", b"1e999")) + body[place + 1 :]
    if kind == 3:
        return rng.choice((b"", b"\xff\xfe", b"\xef\xbb\xbf" + body, body + body, body * 300))
    return body
