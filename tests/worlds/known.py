"""Kinds of untruths that are known and not mended yet. This list must become empty."""

KNOWN = frozenset(
    {
        "exit codes of a command",
        "trend has a day of nothing read",
        "trend is complete though unread",
    }
)
