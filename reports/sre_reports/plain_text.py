"""Makes text from outside safe to show.

Removes characters that move the cursor, or that hide or reorder other characters.
"""

from __future__ import annotations

import re

# Line ends and tabs become a space, so that words stay apart and one value stays one line.
_SPACES = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")

# C0 and C1 with ESC and DEL; soft hyphen, invisible fillers and joiners; controls of the
# bidirectional algorithm; annotation marks, tag characters and lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001bca0-\U0001bca3\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Returns the text without invisible characters. Printable ASCII is returned unchanged.

    An escape sequence loses its ESC and stays readable, so that the attempt shows.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _SPACES.sub(" ", text))


def shortened(text: str, limit: int) -> str:
    """Returns the text, cut to ``limit`` characters with an ellipsis at the end.

    Never used for ids.
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"
