"""Names that are close in spelling to one that does not exist."""

import difflib
from collections.abc import Iterable

MOST = 3  # suggestions
ALIKE = 0.75  # share of letters in common: two letters swapped pass, another word does not
LONGEST = 256  # letters compared: the time taken grows with the square of them
SHORTEST_PREFIX = 3  # letters: fewer begin too many names


def near(text: str, candidates: Iterable[str], most: int = MOST) -> list[str]:
    """At most `most` candidates near `text` in spelling, or that begin with it, the nearest first;
    else none.

    Case does not matter. A name that has nothing in common with `text` is never suggested.
    """
    typed = text.strip().casefold()
    if not typed or len(typed) > LONGEST:
        return []
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(typed)  # difflib keeps what it learns about the second
    scored = (
        (_likeness(matcher, typed, name), name) for name in set(candidates) if len(name) <= LONGEST
    )
    found = sorted((-likeness, name) for likeness, name in scored if likeness >= ALIKE)
    return [name for _, name in found[:most]]


def _likeness(matcher: difflib.SequenceMatcher[str], typed: str, name: str) -> float:
    """1 for the same letters, 0 for nothing in common; a name that begins with what was typed is
    near."""
    folded = name.strip().casefold()
    matcher.set_seq1(folded)
    if len(typed) >= SHORTEST_PREFIX and folded.startswith(typed):
        return max(matcher.ratio(), ALIKE)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:  # cheap upper bounds
        return 0.0
    return matcher.ratio()
