"""Detects fields and enum values in Inspector's responses that the product does not know.

``known_fields.tsv`` lists the known ones, from botocore's model (1.44.8), one per line: the path,
the type, and the allowed words if it is an enum. A test compares it with the installed model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON, fit_for_all, sound
from sre_findings.inspector.wire.fields import short_name
from sre_findings.inspector.wire.findings import NESTED, WireFinding
from sre_findings.model.timestamps import is_time

FINDING, COVERAGE, DETAILS = "finding", "coverage", "details"
WORDS = ("type", "severity", "status", "fixAvailable", "exploitAvailable")
"""Fields of a finding that are enums."""
_MOST = 8  # maximum names in a mark
_LIST, _MAP = "[]", "*"
_ANY = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field with a single value: its type, and the allowed words, or none if any is allowed."""

    kind: str
    words: frozenset[str] = frozenset()

    def holds(self, value: Any) -> bool:
        """Whether the value has this field's type."""
        match self.kind:
            case "text":
                return isinstance(value, str)
            case "flag":
                return isinstance(value, bool)
            case "time":
                return is_time(value)
            case _:
                return isinstance(value, int | float) and not isinstance(value, bool)


Tree = dict[str, Any]
"""Fields by name, each a Leaf or a Tree. List items are under ``[]``, map values under ``*``."""


@cache
def known_fields() -> Tree:
    """All known fields, by kind of object."""
    tree: Tree = {}
    for line in (
        resources.files("sre_findings.inspector")
        .joinpath("known_fields.tsv")
        .read_text()
        .splitlines()
    ):
        path, kind, *words = line.split("\t")
        *above, last = path.replace(_LIST, f".{_LIST}").split(".")
        place = tree
        for name in above:
            place = place.setdefault(name, {})
        place[last] = Leaf(kind, frozenset(words[0].split(" ")) if words else frozenset())
    return tree


def look_at(path: str, text: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Returns the JSON of a field, valid for every parser, and the names of its unknown parts.

    ``path`` is the field's path in the table, such as ``finding.resources``. The names begin with
    the field's name.
    """
    node = _at(path)
    name = path.partition(".")[2]
    try:
        value = _ANY.decode(text)
    except NOT_JSON:
        return sound(text), (name,)
    if not fit_for_all(value):
        return sound(text), (name,)
    return text, () if _known(value, node) else tuple(dict.fromkeys(_strange(value, node, name)))


def odd_words(kind: str, words: Iterable[tuple[str, str | None]]) -> tuple[str, ...]:
    """The unknown values among (field, value) pairs, such as ``severity=TERRIBLE``."""
    return tuple(
        f"{name}={short_name(word)}"
        for name, word in words
        if word and not _is_word(_at(f"{kind}.{name}"), word)
    )


@cache
def _at(path: str) -> Any:
    """The Leaf or Tree of a field."""
    node: Any = known_fields()
    for name in path.split("."):
        node = node[name]
    return node


def strange_in(finding: WireFinding) -> tuple[str, ...]:
    """The names of unknown fields and values in a finding.

    Fields that WireFinding cannot hold are reported by the page.
    """
    nested = ((name, bytes(getattr(finding, name))) for name in NESTED)
    found = (
        name for path, text in nested if text for name in look_at(f"{FINDING}.{path}", text)[1]
    )
    return (*odd_words(FINDING, ((name, getattr(finding, name)) for name in WORDS)), *found)


def mark(names: Iterable[str]) -> str | None:
    """The distinct names, joined by commas and shortened; None if there are none."""
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:_MOST] + ["…"] * (len(distinct) > _MOST)) or None


def _is_word(node: Leaf, word: str) -> bool:
    return not node.words or word in node.words


def _known(value: Any, node: Any) -> bool:
    """Whether `_strange` yields nothing, in a fifth of its time: almost every value is known."""
    if value is None:
        return True
    if type(node) is Leaf:
        return node.holds(value) and (type(value) is not str or _is_word(node, value))
    if _LIST in node:
        return type(value) is list and all(_known(one, node[_LIST]) for one in value)
    return type(value) is dict and _all_known(value, node)


def _all_known(fields: dict[str, Any], node: Tree) -> bool:
    rest = node.get(_MAP)
    for name, value in fields.items():
        inner = node.get(name, rest)
        if inner is None or not _known(value, inner):
            return False
    return True


def _strange(value: Any, node: Any, path: str) -> Iterator[str]:
    """Yields the path of each unknown field or value, without list indexes. Nulls are ignored."""
    if value is None:
        return
    if isinstance(node, Leaf):
        if not node.holds(value):
            yield path
        elif isinstance(value, str) and not _is_word(node, value):
            yield f"{path}={short_name(value)}"
    elif _LIST in node:
        if not isinstance(value, list):
            yield path
        else:
            for one in value:
                yield from _strange(one, node[_LIST], path)
    elif not isinstance(value, dict):
        yield path
    else:
        for name, one in value.items():
            inner = node.get(name, node.get(_MAP))
            below = f"{path}.{_MAP}" if _MAP in node else f"{path}.{short_name(name)}"
            yield from (below,) if inner is None else _strange(one, inner, below)
