"""Search for packages by a whole name, a word of it, or the beginning of a word.

A name consists of words separated by anything except letters and digits. Every word of
``org.apache.logging.log4j:log4j-core`` (Maven), ``@babel/core`` (npm) or
``github.com/gin-gonic/gin`` (Go) can be searched for, and so can several consecutive words.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SHORTEST_BEGINNING = 3  # letters; shorter prefixes match too many words
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"@?[^\W_][\w.@/:+~-]*")  # the characters of package names


class Matched(NamedTuple):
    """The matching names. ``others`` contain the text as a word while ``names`` equal it."""

    names: Sequence[str]
    others: Sequence[str] = ()


def matching(text: str, names: Iterable[str]) -> Matched:
    """The names that equal the text, or else contain it as a word, or else as a word's beginning.

    Case is ignored. Names are in alphabetical order.
    """
    typed, known = text.strip().casefold(), sorted(set(names))
    exact = [name for name in known if name.strip().casefold() == typed]
    # Punctuation or a bare number is not a word of a name.
    if not (_NAME.fullmatch(typed) and any(map(str.isalpha, typed))):
        return Matched(exact)
    worded = [name for name in known if _has_words(name, typed)]
    if exact or worded:
        return (
            Matched(exact, [name for name in worded if name not in exact])
            if exact
            else Matched(worded)
        )
    if len(typed) < SHORTEST_BEGINNING:
        return Matched([])
    return Matched([name for name in known if _begins_a_word(name.casefold(), typed)])


def _has_words(name: str, typed: str) -> bool:
    """Whether the typed words occur consecutively in the name."""
    wanted, words = _WORD.findall(typed), _WORD.findall(name.casefold())
    return bool(wanted) and any(
        words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)
    )


def _begins_a_word(name: str, typed: str) -> bool:
    return any(name.startswith(typed, word.start()) for word in _WORD.finditer(name))
