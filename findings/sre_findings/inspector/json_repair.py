"""Repairs JSON that a strict parser rejects, so that one invalid value does not lose the others.

It repairs bytes that are not UTF-8, unpaired surrogates, control characters and unknown escapes in
strings, numbers outside the range of a double (also ``NaN`` and ``Infinity``), and values nested
too deeply. Replaced text is marked, and :func:`original` restores it. A truncated body, or one that
is not JSON at all, stays invalid.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

# Levels below a field. Inspector sends fewer than ten, and some parsers fail after a few hundred.
DEEPEST = 32
# RecursionError is raised for unbounded nesting.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_ABOVE = 3  # levels above a field: page, list, item
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]|[^\s,:\[\]{}"]+', re.DOTALL)
_ODD_IN_TEXT = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a valid pair
    r"|\\u[dD](?P<half>[89a-fA-F][0-9a-fA-F]{2})"
    r"|\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})"
    r"|(?P<escape>\\)"
    r"|(?P<control>[\x00-\x1f])"
    r"|(?P<byte>[\udc80-\udcff])",
)
# Two noncharacters, which valid text does not use, enclose the hexadecimal digits of what was
# replaced: an unpaired surrogate or a byte.
_MARK = re.compile("\ufdd0([0-9a-f]+)\ufdd1")
_ANY = msgspec.json.Decoder()


def mended(body: bytes, above: int = _ABOVE) -> bytes:
    """Returns the JSON with invalid parts replaced.

    Invalid text is replaced by a mark, and any other invalid value by its text as a JSON string.
    ``above`` is the number of outer levels that do not count. :func:`cleaned` removes the marks.
    """
    text = body.decode(errors="surrogateescape")
    pieces: list[str] = []
    depth, at, deep = 0, 0, -1
    for token in _TOKEN.finditer(text):
        word, limit = token[0], DEEPEST + above
        if word in ("[", "{"):
            depth += 1
            if depth == limit + 1:
                pieces.append(text[at : token.start()])
                deep = token.start()
        elif word in ("]", "}"):
            if depth == limit + 1:
                pieces.append(_quoted(text[deep : token.end()]))
                at = token.end()
            depth -= 1
        elif depth <= limit and (changed := _mended(word)) != word:
            pieces += (text[at : token.start()], changed)
            at = token.end()
    return "".join((*pieces, text[at:] if depth <= DEEPEST + above else "")).encode(
        "utf-8", "surrogateescape"
    )


def sound(text: bytes) -> bytes:
    """The JSON of one field, repaired if any parser could reject it. It contains no marks."""
    try:
        fits = fit_for_all(_ANY.decode(text))
    except NOT_JSON:
        fits = False
    return text if fits else cleaned(mended(text, above=0))


def fit_for_all(value: Any) -> bool:
    """Whether every JSON parser accepts the value: not nested too deeply, all numbers finite.

    Texts, which are most of the values, are skipped level by level: recursion takes five times
    as long.
    """
    level = [value]
    for _ in range(DEEPEST + 1):
        if not all(_finite(one) for one in level if type(one) in (int, float)):
            return False
        outer = [one for one in level if type(one) in (dict, list)]
        if not outer:
            return True
        inner = (one.values() if type(one) is dict else one for one in outer)
        level = [one for some in inner for one in some if type(one) is not str]
    return False


def is_marked(text: bytes) -> bool:
    """Whether the text contains a mark."""
    return b"\xef\xb7\x90" in text  # U+FDD0 in UTF-8


def cleaned(text: bytes) -> bytes:
    """The text with every mark replaced by U+FFFD."""
    return _MARK.sub("\ufffd", text.decode()).encode() if is_marked(text) else text


def original(text: bytes) -> str:
    r"""The text before marking, in ASCII: a surrogate as ``\\ud83d``, a byte as ``\\xff``."""
    return _MARK.sub(
        lambda mark: f"\\u{mark[1]}" if len(mark[1]) == 4 else f"\\x{mark[1]}", text.decode()
    )


def _mended(word: str) -> str:
    if word.startswith('"'):
        return (
            word
            if word.isascii() and "\\" not in word and word.isprintable()
            else _ODD_IN_TEXT.sub(_replaced, word)
        )
    if word[0] in "-0123456789NI":
        return word if _is_number(word) else _quoted(word)
    return word


def _replaced(odd: re.Match[str]) -> str:
    match odd.lastgroup:
        case "half":
            return f"\ufdd0d{odd['half'].lower()}\ufdd1"
        case "byte":
            return f"\ufdd0{ord(odd['byte']) - 0xDC00:02x}\ufdd1"
        case "control":
            return f"\\u{ord(odd['control']):04x}"
        case "escape":
            return r"\\"
        case _:
            return odd[0]


def _is_number(word: str) -> bool:
    """Whether a double can hold the number.

    Also true for a word that is not a number, because the decoder rejects it.
    """
    try:
        return math.isfinite(float(word)) and len(word) < 400
    except ValueError:
        return True


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _quoted(text: str) -> str:
    """A text as a JSON string in ASCII."""
    return json.dumps(text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
