"""Escapes text from outside in Slack's markup.

``<!channel>`` would notify everyone there, and a backtick would end a code span. Slack requires
three characters to be escaped: & < and >
(https://docs.slack.dev/messaging/formatting-message-text). Formatting cannot be escaped, so text
from outside goes into code spans, or into blocks without markup.
"""

from __future__ import annotations

from sre_reports.plain_text import shortened, visible

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
LONGEST = 150  # characters of a name
_ID = 300


def escaped(text: str) -> str:
    """Returns text without mentions, links and entities. Formatting characters stay."""
    return visible(text).translate(_ESCAPES)


def code(text: str, longest: int = _ID) -> str:
    """Returns text from outside as a code span, which it cannot end."""
    return f"`{escaped(shortened(visible(text), longest).replace('`', 'ʼ')) or ' '}`"


def cell(text: str, longest: int = LONGEST) -> str:
    """Returns text from outside for blocks without markup, shortened."""
    return shortened(visible(text), longest)
