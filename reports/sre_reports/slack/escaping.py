"""Text from outside in Slack's own markup, where ``<!channel>`` would ping everybody and a backtick
would end a code span.

Slack asks for exactly three characters to be escaped
(https://docs.slack.dev/messaging/formatting-message-text): & < and >. Formatting cannot be escaped,
so what comes from outside stands in code spans, or in blocks that know no markup.
"""

from __future__ import annotations

from sre_reports.plain_text import shortened, visible

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
LONGEST = 150  # characters of a name; ids are as long as AWS makes them
_ID = 300


def escaped(text: str) -> str:
    """Our own words with text in them: nothing in it is a mention, a link or an entity."""
    return visible(text).translate(_ESCAPES)


def code(text: str, longest: int = _ID) -> str:
    """Text from outside as a code span: one that it cannot end, and in which no markup works."""
    return f"`{escaped(shortened(visible(text), longest).replace('`', 'ʼ')) or ' '}`"


def cell(text: str, longest: int = LONGEST) -> str:
    """Text from outside for blocks without markup."""
    return shortened(visible(text), longest)
