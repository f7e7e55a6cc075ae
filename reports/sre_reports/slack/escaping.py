"""Makes text from outside safe in Slack's markup.

``<!channel>`` would notify everyone there, ``arn:aws:`` has a flag in it (``:aws:`` is an emoji
in many workspaces), and a backtick would end a code span. Slack has an escape for three characters
only: & < and > (https://docs.slack.dev/messaging/formatting-message-text). So names, ids and other
values from outside go into code spans, or into blocks without markup. Sentences with such values
are rendered by their parts. In a text with unknown parts, the characters lose their meaning.
"""

from __future__ import annotations

import re
from itertools import groupby

from sre_findings.model.text import Foreign, Text
from sre_reports.plain_text import shortened, visible

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_JOINER = "\u2060"  # invisible, and in no emoji's or group's name
# The colon before a possible name of an emoji, which may end in a colon after this text; and the
# sign before the name of a user or group.
_NAMING = re.compile(r":(?=[^\s:]+(?::|$))|@(?=\S)")
# Look-alikes, because an invisible character does not reliably keep Slack from formatting.
_FORMATTING = str.maketrans({"*": "∗", "~": "∼", "`": "ʼ"})
_EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # not inside of a word, such as FULL_ACCESS
LONGEST = 150  # characters of a name
_ID = 300


def escaped(text: str) -> str:
    """Returns text without markup: no mentions, links, emoji or formatting."""
    plain = _EMPHASIS.sub("ˍ", visible(text).translate(_FORMATTING))
    return _entities(_NAMING.sub(rf"\g<0>{_JOINER}", plain))


def prose(text: str) -> str:
    """Returns a sentence of ours as markup: its parts from outside are code spans.

    A sentence whose parts are unknown, such as one from the server, is only escaped.
    """
    if not isinstance(text, Text):
        return escaped(text)
    some = groupby(text.parts, lambda part: isinstance(part, Foreign))
    return "".join(
        code("".join(parts)) if foreign else escaped("".join(parts)) for foreign, parts in some
    )


def code(text: str, longest: int = _ID) -> str:
    """Returns text from outside as a code span, which it cannot end."""
    return f"`{_entities(shortened(visible(text), longest).replace('`', 'ʼ')) or ' '}`"


def fenced(text: str) -> str:
    """Returns text from outside as a code block of several lines, which it cannot end."""
    lines = (visible(line).replace("`", "ʼ") for line in text.split("\n"))
    return f"```{_entities(chr(10).join(lines))}```"


def link(url: str, words: str) -> str:
    """Returns a link. Neither may contain ``|``."""
    return f"<{_entities(url)}|{escaped(words)}>"


def _entities(text: str) -> str:
    return text.translate(_ESCAPES)


def cell(text: str, longest: int = LONGEST) -> str:
    """Returns text from outside for blocks without markup, shortened."""
    return shortened(visible(text), longest)
