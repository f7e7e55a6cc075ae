"""Suggestions of similar names for a name that does not exist."""

import difflib
from collections.abc import Iterable

MOST = 3  # suggestions
ALIKE = 0.75  # minimum similarity: accepts two swapped letters, rejects another word
LONGEST = 256  # maximum length compared, because the time grows with its square
SHORTEST_PREFIX = 3  # letters; shorter prefixes match too many names


def near(text: str, candidates: Iterable[str], most: int = MOST) -> list[str]:
    """At most ``most`` candidates that are similar to ``text`` or begin with it, best first.

    Case is ignored. The list is empty if no candidate is similar.
    """
    typed = text.strip().casefold()
    if not typed or len(typed) > LONGEST:
        return []
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(typed)  # difflib caches its analysis of the second sequence
    scored = (
        (_likeness(matcher, typed, name), name) for name in set(candidates) if len(name) <= LONGEST
    )
    found = sorted((-likeness, name) for likeness, name in scored if likeness >= ALIKE)
    return [name for _, name in found[:most]]


def _likeness(matcher: difflib.SequenceMatcher[str], typed: str, name: str) -> float:
    """The similarity from 0 to 1; at least ALIKE if the name begins with the typed text."""
    folded = name.strip().casefold()
    matcher.set_seq1(folded)
    if len(typed) >= SHORTEST_PREFIX and folded.startswith(typed):
        return max(matcher.ratio(), ALIKE)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:  # cheap upper bounds
        return 0.0
    return matcher.ratio()
