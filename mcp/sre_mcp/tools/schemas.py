"""The schemas that clients see: of arguments, made from the models, and of answers, made from the contract's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_COUNT: Schema = {"type": ["integer", "null"]}
TEXTS: Schema = {"type": "array", "items": TEXT}
ITEMS: Schema = {"type": "array", "items": {"type": "object"}}
OBJECT: Schema = {"type": "object"}

PROOF: Schema = {
    "source": {"type": "string", "enum": ["snapshot", "live"], "description": "Where the answer comes from."},
    "snapshot_id": MAYBE_TEXT,
    "as_of": {"type": ["string", "null"], "description": "When the data were read; nothing in them is younger."},
    "age_seconds": MAYBE_COUNT,
    "too_old": {"type": "boolean", "description": "Older than allowed: the answer may no longer hold."},
    "certificate": {
        "type": ["object", "null"],
        "description": "state is complete or partial, with reasons: partial data may lack findings.",
    },
}
VERDICT: Schema = {
    "verdict": {
        "type": "string",
        "enum": ["vulnerable", "clean", "unknown"],
        "description": "unknown is not clean: reason and explanation say what is not known.",
    },
    "reason": TEXT,
    "explanation": TEXT,
    "notes": TEXTS,
}
COUNTS: Schema = {
    "counts": {"type": "object", "description": "Open findings by severity, and their total."},
    "suppressed": COUNT,
    "fixable": COUNT,
    "exploitable": COUNT,
    "kev": {"type": ["integer", "null"], "description": "On CISA's list of exploited ones; null where that was not checked."},
}
PAGE: Schema = {
    "page": {
        "type": "object",
        "description": "total is exact; call again with next_cursor and the same arguments until it is null.",
        "properties": {"start": COUNT, "listed": COUNT, "total": COUNT, "next_cursor": MAYBE_TEXT},
        "required": ["start", "listed", "total", "next_cursor"],
    }
}


def answer(*fields: Mapping[str, Any], **more: Schema) -> Schema:
    """An object with these fields, all of them always there, and the proof; it may have more."""
    properties = {name: schema for some in (*fields, more, PROOF) for name, schema in some.items()}
    return {"type": "object", "properties": properties, "required": list(properties)}


def listed(name: str, **more: Schema) -> Schema:
    """The answer to a question for a list."""
    own = {"headline": TEXT, "notes": TEXTS, name: ITEMS, f"total_{name}": COUNT}
    return answer(own, PAGE, **more)


def arguments(model: type[BaseModel]) -> Schema:
    """The schema of a tool's arguments, as plain as clients want it: no titles, no null beside what may be left out."""
    schema: Schema = _plain(model.model_json_schema())
    schema.setdefault("properties", {})
    return schema


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _plain(value) for name, value in node.items() if not (name == "title" and isinstance(value, str))}
    choices = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
    if len(choices) == 1:
        kept.pop("anyOf")
        kept.pop("default", None)
        return {**choices[0], **kept}
    return kept
