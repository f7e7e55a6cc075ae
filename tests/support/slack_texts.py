"""Hypothesis strategies for the values of Slack messages: hostile texts, and numbers."""

from __future__ import annotations

import re

from hypothesis import strategies as st

HOSTILE = (
    "<!channel>",
    "<@U0123456>",
    "<!here|x>",
    "<https://evil.example|ok>",
    "`",
    "```",
    "*_~",
    "&lt;!channel&gt;",
    "\u202eabc",
    "",
    " ",
    "\n",
    "\x00\x1b[31m",
    "a" * 10_000,
    "<" * 10_000,
    "`" * 3_000,
    "&" * 700,
    "é" * 5_000,
    "\ud800",
    "名" * 80,
    "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
    ":fire:",
    "@here",
    "*x*",
    "_x_",
    "~x~",
    "`x` :fire:",
    ":fire:" * 1_000,
)
"""Texts that try to mention users, to fake links, to format, or to exceed Slack's limits."""

_OURS = {
    "globe_with_meridians",
    "grey_question",
    "new",
    "no_entry",
    "rotating_light",
    "warning",
    "white_check_mark",
    "wrench",
}
_SPAN = re.compile("`[^`\n]*`")


def active(markup: str) -> list[str]:
    """What Slack would make an emoji, a mention or formatting of, other than the product's own."""
    if markup.count("`") % 2:
        return ["a code span that is not closed"]
    bare = _SPAN.sub("", markup)
    emoji = [name for name in re.findall(r"(?=:([^\s:\u2060]+):)", bare) if name not in _OURS]
    return [*emoji, *re.findall(r"@\w+|\*x\*|(?<!\w)_x_(?!\w)|~x~", bare)]


texts = st.sampled_from(HOSTILE) | st.text(max_size=40)
maybe = st.none() | texts
numbers = st.sampled_from((0, 1, 13, 4_321, 10**9))
