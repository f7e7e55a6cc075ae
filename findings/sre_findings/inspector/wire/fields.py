"""Decoding field by field: a value that does not fit affects only its own field."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Annotated, Any

import msgspec

from sre_findings.inspector.json_repair import NOT_JSON, cleaned, is_marked, original, sound
from sre_findings.model.findings.finding import UNDECODED
from sre_findings.model.timestamps import EARLIEST, LATEST, epoch_of, is_time

NONESTED = msgspec.Raw()
FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
NESTEDS = msgspec.json.Decoder(list[msgspec.Raw])
TOKEN = msgspec.json.Decoder(str | None)

Time = Annotated[float, msgspec.Meta(ge=EARLIEST, le=LATEST)]
"""A documented time on the fast path, in epoch seconds."""

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]

_ANY = msgspec.json.Decoder()
_LONGEST_NAME = 80  # of an unknown field, in counts


def json_value(raw: bytes) -> Any:
    """The JSON as plain data; None if it is not valid."""
    try:
        return _ANY.decode(raw)
    except NOT_JSON:
        return None


def fields_of(raw: bytes) -> dict[str, msgspec.Raw]:
    """The fields of a list item. An item that is not an object becomes one field without a name."""
    try:
        return FIELDS.decode(raw)
    except NOT_JSON:
        return {"": msgspec.Raw(raw)}


class Item:
    """Collects an item's fields: ``known`` values, extra fields, and the names of ``odd`` ones."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.odd: dict[str, None] = {}
        self._extra: dict[str, msgspec.Raw] = {}
        self._undecoded: dict[str, str] = {}

    def take(
        self,
        key: str,
        raw: msgspec.Raw,
        known: Container[str],
        nested: Container[str],
        fit: Callable[[str, Any], Any],
    ) -> None:
        """Adds one field. ``fit`` returns the value of a known field, or None if it does not fit.

        ``nested`` fields stay raw JSON.
        """
        name = cleaned(key.encode()).decode()
        text = cleaned(bytes(raw))
        if is_marked(bytes(raw)) or is_marked(key.encode()):
            self._undecoded[name] = original(bytes(raw))
            self.odd[short_name(name)] = None
        if name in nested:
            self.known[name] = msgspec.Raw(text)
            return
        value = json_value(text) if name in known else None
        fitted = fit(name, value) if value is not None else None
        if fitted is not None:
            self.known[name] = fitted
        if not _exact(fitted, value):
            self._extra[name] = msgspec.Raw(sound(text))
            if name not in known or text != b"null":
                self.odd[short_name(name)] = None

    def is_undecoded(self, name: str) -> bool:
        """Whether the field's text was not valid Unicode, so that it cannot serve as an identity.

        Two different values may look the same after repair.
        """
        return name in self._undecoded

    def extra_text(self) -> bytes:
        """The JSON of the extra fields; empty if there are none."""
        kept = self._extra | (
            {UNDECODED: msgspec.Raw(msgspec.json.encode(self._undecoded))}
            if self._undecoded
            else {}
        )
        return msgspec.json.encode(kept) if kept else b""


def _exact(fitted: Any, value: Any) -> bool:
    """Whether a field holds the value unchanged.

    A null never is: it differs from an absent field and is kept among the extra fields.
    """
    if isinstance(fitted, msgspec.Struct):
        return set(value) <= set(fitted.__struct_fields__)
    return fitted is not None and fitted is value


def fit_time(value: Any) -> Any:
    """A time of any spelling as epoch seconds, or None if it is not one."""
    found = epoch_of(value) if isinstance(value, str) else value
    return found if is_time(found) else None


def short_name(name: str) -> str:
    """A field's name, truncated for counting."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
