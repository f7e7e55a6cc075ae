"""The JSON schemas of arguments and answers, and their short form that clients see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


def maybe(kind: str) -> Schema:
    """Returns a nullable value. ``anyOf`` is more portable than a list of types."""
    return {"anyOf": [{"type": kind}, {"type": "null"}]}


TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
MAYBE_TEXT, MAYBE_COUNT, MAYBE_OBJECT = maybe("string"), maybe("integer"), maybe("object")
TEXTS: Schema = {"type": "array", "items": TEXT}
ITEMS: Schema = {"type": "array", "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}

# This is part of every tool's schema, so it has no descriptions. The server's instructions explain
# it.
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
    """Returns an object that always has these fields and the provenance, and may have more."""
    properties = {name: schema for some in (*fields, more, PROOF) for name, schema in some.items()}
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(name: str, **more: Schema) -> Schema:
    """Returns the schema of an answer with a list."""
    return answer(SENTENCE, {name: ITEMS, f"total_{name}": COUNT}, PAGE, **more)


def published_arguments(schema: Schema) -> Schema:
    """Returns the schema of arguments as agents read it, in fewer tokens.

    It has no limits of size: the server checks them, and its errors name them. The
    instructions have the default of ``token_budget``, which most tools share.
    """
    named = schema["properties"].items()
    properties = {name: _unlimited(one) for name, one in named}
    if budget := properties.get("token_budget"):
        budget.pop("default")
    return {**schema, "properties": properties}


def published_answer(schema: Schema) -> Schema:
    """Returns the schema of an answer as agents read it: a quarter of the tokens.

    It has the types of the fields that are the tool's own. The others are the same for all tools,
    and the server's instructions explain them.
    """
    own = {name: _type_only(one) for name, one in schema["properties"].items() if name not in _SAME}
    return {"type": "object", "properties": own}


_SAME = {*PROOF, *PAGE, *SENTENCE}
_LIMITS = {"minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern"}


def _unlimited(schema: Schema) -> Schema:
    kept = {name: value for name, value in schema.items() if name not in _LIMITS}
    return {**kept, "items": _unlimited(kept["items"])} if "items" in kept else kept


def _type_only(schema: Schema) -> Schema:
    """Returns the type, and the possible values, if they are listed."""
    return {name: schema[name] for name in ("type", "enum", "anyOf") if name in schema}


def arguments(model: type[BaseModel]) -> Schema:
    """Returns the schema of a tool's arguments, simplified for clients.

    It has no titles, and no null for optional arguments.
    """
    schema: Schema = _plain(model.model_json_schema())
    schema.pop("description", None)  # the tool has its own description
    own = list(model.__annotations__)  # the tool's own arguments come first
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
