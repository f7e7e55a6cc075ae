"""Sentences of ours with text from outside: tags, names, rules, arguments, messages of AWS.

A ``Text`` is a ``str`` that knows which of its parts are ours. To a terminal, to JSON and to a log
it is a string like any other. A client that must tell the parts apart, such as an agent, renders
them by its own rules (``sre_mcp/text.py``).

Only the literal templates of :func:`phrase` are ours, and what :func:`ours` names. Everything else,
also a plain ``str``, is text from outside: a sentence made in any other way, such as an f-string,
is never taken for ours.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Iterable
from datetime import date
from typing import Any, LiteralString


class Foreign(str):
    """Text from outside."""

    __slots__ = ()


class Text(str):
    """A sentence, with its ``parts``: text from outside is :class:`Foreign`, the rest is ours."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]

    def __new__(cls, parts: Iterable[str]) -> Text:
        """Returns the sentence of the parts."""
        kept = tuple(parts)
        made = super().__new__(cls, "".join(kept))
        made.parts = kept
        return made

    def __add__(self, other: str) -> Text:
        """Returns both texts, with the parts of each."""
        return Text((*self.parts, *parts_of(other)))

    def __radd__(self, other: str) -> Text:
        """See ``__add__``."""
        return Text((*parts_of(other), *self.parts))

    def __getnewargs__(self) -> tuple[tuple[str, ...]]:  # type: ignore[override] # for copies
        return (self.parts,)


def phrase(template: LiteralString, *values: object) -> Text:
    """Returns the template with the values in the place of each ``{}``, as in ``str.format``.

    Numbers, dates and the parts of a Text that are ours are ours; all other values are from
    outside.
    """
    parts: list[str] = []
    given = iter(values)
    for literal, spec, conversion in _parsed(template):
        parts += [literal] if literal else []
        if spec is not None:
            parts += _value(next(given), spec, conversion)
    return Text(parts)


def joined(separator: LiteralString, texts: Iterable[str]) -> Text:
    """Returns the texts with a separator of ours between them."""
    parts: list[str] = []
    for number, one in enumerate(texts):
        parts += [separator] if number else []
        parts += parts_of(one)
    return Text(parts)


def ours(words: str) -> Text:
    """Returns words of ours that are no literal where they are used, such as names of arguments.

    A test lists all uses: nothing that was read or received may be passed.
    """
    return Text((words,))


def parts_of(one: str) -> tuple[str, ...]:
    """Returns the parts of a text. A string that is not a Text is from outside."""
    if isinstance(one, Text):
        return one.parts
    return (Foreign(one),) if one else ()


def capital(one: str) -> Text:
    """Returns the text with its first letter in upper case. Other letters stay."""
    first, *rest = parts_of(one) or ("",)
    return Text((type(first)(first[:1].upper() + first[1:]), *rest))


def without_stop(one: str) -> Text:
    """Returns the text without full stops at its end."""
    parts = list(parts_of(one))
    while parts and not parts[-1].rstrip("."):
        parts.pop()
    return Text([*parts[:-1], type(parts[-1])(parts[-1].rstrip("."))] if parts else ())


@functools.lru_cache(1024)
def _parsed(template: str) -> tuple[tuple[str, str | None, str | None], ...]:
    return tuple(
        (literal, None if name is None else spec or "", conversion)
        for literal, name, spec, conversion in string.Formatter().parse(template)
    )


def _value(value: Any, spec: str, conversion: str | None) -> tuple[str, ...]:
    if isinstance(value, Text) and not spec and not conversion:
        return value.parts
    shown = format(repr(value) if conversion == "r" else value, spec)
    if not shown:
        return ()
    ours = isinstance(value, int | float | date) and not conversion
    return (shown if ours else Foreign(shown),) if shown else ()
