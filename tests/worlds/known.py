"""Kinds of untruths that are known and not mended yet. This list must become empty."""

KNOWN = frozenset(
    {
        "trend has a day of nothing read",
    }
)
