"""Packages by what people type: the whole name, a word of it, or the beginning of a word.

A name is words between anything that is no letter and no digit: of
``org.apache.logging.log4j:log4j-core`` (Maven), ``@babel/core`` (npm) or
``github.com/gin-gonic/gin`` (Go) every part can be typed, and several that follow each other.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

SHORTEST_BEGINNING = 3  # letters: fewer begin too many words
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"@?[^\W_][\w.@/:+~-]*")  # what names of packages are made of


class Matched(NamedTuple):
    """The names that a text means, and further ones that have it as a word while others are it to
    the letter."""

    names: Sequence[str]
    others: Sequence[str] = ()


def matching(text: str, names: Iterable[str]) -> Matched:
    """The names that are the text, else those that have it as a word, else those with a word that
    begins so.

    Case does not matter. Names come in the order of the alphabet.
    """
    typed, known = text.strip().casefold(), sorted(set(names))
    exact = [name for name in known if name.strip().casefold() == typed]
    # signs, or a bare number, are no words of a name
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
    """Whether the words of what was typed follow each other in the name."""
    wanted, words = _WORD.findall(typed), _WORD.findall(name.casefold())
    return bool(wanted) and any(
        words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)
    )


def _begins_a_word(name: str, typed: str) -> bool:
    return any(name.startswith(typed, word.start()) for word in _WORD.finditer(name))
