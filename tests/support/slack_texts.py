"""Hypothesis strategies for the values of Slack messages: hostile texts, and numbers."""

from __future__ import annotations

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
)
"""Texts that try to mention users, to fake links, or to exceed Slack's limits."""
texts = st.sampled_from(HOSTILE) | st.text(max_size=40)
maybe = st.none() | texts
numbers = st.sampled_from((0, 1, 13, 4_321, 10**9))
