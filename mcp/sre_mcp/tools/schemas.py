"""The schemas that clients see: of arguments, made from the models, and of answers, made from the
contract's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def maybe(kind: str) -> Schema:
    """A value of this kind, or null: two branches, for a list of types is less portable."""
    return {"anyOf": [{"type": kind}, {"type": "null"}]}


TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
MAYBE_TEXT, MAYBE_COUNT, MAYBE_OBJECT = maybe("string"), maybe("integer"), maybe("object")
TEXTS: Schema = {"type": "array", "items": TEXT}
ITEMS: Schema = {"type": "array", "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}

# Told to every agent with every tool: each word here is paid for fifteen times, so the server's
# instructions explain them.
PROOF: Schema = {
    "source": {"type": "string", "enum": ["snapshot", "live", "table"]},
    "snapshot_id": MAYBE_TEXT,
    "as_of": MAYBE_TEXT,
    "age_seconds": MAYBE_COUNT,
    "too_old": {"type": "boolean"},
    "certificate": MAYBE_OBJECT,
    "unread": TEXTS,
}
VERDICT: Schema = {
    "verdict": {"type": "string", "enum": ["vulnerable", "clean", "unknown"]},
    "reason": TEXT,
    "explanation": TEXT,
    "notes": TEXTS,
}
COUNTS: Schema = {
    "counts": OBJECT,
    "suppressed": COUNT,
    "fixable": COUNT,
    "exploitable": COUNT,
    "kev": MAYBE_COUNT,
}
PAGE: Schema = {
    "page": {
        "type": "object",
        "properties": {"start": COUNT, "listed": COUNT, "total": COUNT, "next_cursor": MAYBE_TEXT},
        "required": ["start", "listed", "total", "next_cursor"],
    }
}
SENTENCE: Schema = {"headline": TEXT, "notes": TEXTS, "known": {"type": "boolean"}}


def answer(*fields: Mapping[str, Any], **more: Schema) -> Schema:
    """An object with these fields, all of them always there, and the proof; it may have more."""
    properties = {name: schema for some in (*fields, more, PROOF) for name, schema in some.items()}
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(name: str, **more: Schema) -> Schema:
    """The answer to a question for a list."""
    return answer(SENTENCE, {name: ITEMS, f"total_{name}": COUNT}, PAGE, **more)


def arguments(model: type[BaseModel]) -> Schema:
    """The schema of a tool's arguments, as plain as clients want it: no titles, no null beside what
    may be left out."""
    schema: Schema = _plain(model.model_json_schema())
    schema.pop("description", None)  # the tool's own says it
    own = list(model.__annotations__)  # before those of every tool, for that is how they are read
    named = schema.get("properties", {})
    schema["properties"] = {
        name: named[name] for name in [*own, *(name for name in named if name not in own)]
    }
    return schema


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: _plain(value)
        for name, value in node.items()
        if not (name == "title" and isinstance(value, str))
    }
    if kept.get("default") in ([], False, ""):
        kept.pop("default")
    choices = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        kept.pop("anyOf")
        kept.pop("default", None)
        return {**choices[0], **kept}
    return kept
