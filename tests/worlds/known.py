"""Kinds of untruths that are known and not mended yet. This list must become empty."""

KNOWN = frozenset(
    {
        "a gate passes though open",
        "list counts of an owner",
        "sla counts by owner",
        "summary counts of a group by owner",
        "summary counts of an owner",
        "trend counts of an owner",
        "trend has a day of nothing read",
        "trend is complete though unread",
        "where counts of an owner",
    }
)
