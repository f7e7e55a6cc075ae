"""Parses YAML into texts, lists and maps with line numbers, without type conversion.

Without conversion, an account such as 000000000012 stays text. YAML's rules would make it the
number 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sre_findings.model.errors import UsageError

LARGEST = 1 << 20  # bytes: two seconds of parsing, about three thousand rules
_DEEPEST = 8
_TEXT = "tag:yaml.org,2002:str"
# YAML 1.1, c-printable, but without U+FEFF inside the text, which libyaml accepts and PyYAML's own
# reader partly rejects.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_NULLS = ("", "~", "null", "Null", "NULL")
_QUOTE = "Texts with signs such as * or : need quotes."


@dataclass(frozen=True, slots=True)
class Node:
    """A text, a list, a map, or None for an empty value.

    ``line`` and ``column`` count from 1. They are those of the key, if the node has one.
    """

    value: str | list[Node] | dict[str, Node] | None
    line: int
    column: int = 1


def wrong(file: str, line: int, what: str, do: str = "") -> UsageError:
    """Returns the error for a place in a file."""
    return UsageError(f"{file}, line {line}: {what}", do=do)


def parse(content: bytes, file: str) -> Node:
    """Returns the only document of a YAML file. An empty file is a Node with None.

    Raises UsageError with the line if the content is not UTF-8 or not YAML, exceeds the limits
    of size or nesting, contains several documents, aliases or tags, or has keys that are not
    text or occur twice.
    """
    import yaml

    if len(content) > LARGEST:
        raise UsageError(
            f"{file} is larger than {LARGEST:,} bytes", do="Split it, or use patterns."
        )
    text = _decoded(content, file)
    # libyaml is thirty times faster. The wheels include it; other builds may not.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader(file, yaml.parse(text, Loader=loader))
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else reader.line
        # an unclosed element is reported after the last line
        last = len(text.splitlines())
        raise wrong(file, min(line, last), f"it is not YAML: {error.problem}", _QUOTE) from error
    except (
        yaml.YAMLError,
        ValueError,
        OverflowError,
    ) as error:  # raised by PyYAML's own reader for escapes such as \UFFFFFFFF
        raise wrong(file, reader.line, f"it is not YAML: {error}", _QUOTE) from error


def _decoded(content: bytes, file: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise wrong(file, line, "it is not UTF-8", "Save it as UTF-8.") from error
    if found := _FORBIDDEN.search(text):
        raise _forbidden(file, text.count("\n", 0, found.start()) + 1, found[0])
    return text


def _forbidden(file: str, line: int, character: str) -> UsageError:
    """Returns the error for a forbidden character, escaped or not.

    A terminal would interpret it, and no encoder could write it.
    """
    return wrong(
        file, line, f"YAML does not allow the character U+{ord(character):04X}", "Remove it."
    )


class _Reader:
    """Converts YAML events to nodes. Aliases are rejected, so that a small file cannot expand."""

    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file, self._events, self.line = file, events, 1

    def document(self) -> Node:
        """Returns the only document."""
        self._next()  # skip StreamStart
        if self._next()[0] == "StreamEnd":
            return Node(None, 1)
        root = self._node(*self._next(), depth=0)
        self._next()  # skip DocumentEnd
        kind, event = self._next()
        if kind != "StreamEnd":
            raise self._wrong(
                event, "it begins a second document", "Keep one; remove the line with ---."
            )
        return root

    def _next(self) -> tuple[str, Any]:
        event = next(self._events)
        self.line = event.end_mark.line + 1
        return type(event).__name__.removesuffix("Event"), event

    def _node(self, kind: str, event: Any, depth: int, key: Node | None = None) -> Node:
        self._refuse(kind, event, depth)
        start = event.start_mark
        line, column = (key.line, key.column) if key else (start.line + 1, start.column + 1)
        match kind:
            case "SequenceStart":
                return Node(list(self._list(depth + 1)), line, column)
            case "MappingStart":
                return Node(self._map(depth + 1), line, column)
            case _:
                if found := _FORBIDDEN.search(event.value):
                    raise _forbidden(self._file, line, found[0])
                empty = event.implicit[0] and event.value in _NULLS
                return Node(None if empty else event.value, line, column)

    def _list(self, depth: int) -> Iterator[Node]:
        while (found := self._next())[0] != "SequenceEnd":
            yield self._node(*found, depth)

    def _map(self, depth: int) -> dict[str, Node]:
        values: dict[str, Node] = {}
        while (found := self._next())[0] != "MappingEnd":
            key = self._node(*found, depth)
            if not isinstance(key.value, str):
                raise self._wrong(found[1], "a key must be a word")
            if key.value in values:
                raise self._wrong(
                    found[1],
                    f"{brief(key.value)} is given twice, first in line {values[key.value].line}",
                )
            values[key.value] = self._node(*self._next(), depth, key)
        return values

    def _refuse(self, kind: str, event: Any, depth: int) -> None:
        if kind == "Alias":
            raise self._wrong(event, "aliases are not supported", _QUOTE)
        if event.tag not in (None, "!", _TEXT):
            raise self._wrong(
                event, f"the tag {brief(event.tag)} is not supported", "Write plain values."
            )
        if depth > _DEEPEST:
            raise self._wrong(event, f"it is nested more than {_DEEPEST} deep")

    def _wrong(self, event: Any, what: str, do: str = "") -> UsageError:
        return wrong(self._file, event.start_mark.line + 1, what, do)


def brief(text: str) -> str:
    """Returns a text in quotes for a message, shortened if it is long."""
    return repr(text if len(text) <= 60 else f"{text[:59]}…")
