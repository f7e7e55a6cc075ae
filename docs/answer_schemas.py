"""The JSON Schemas of the commands' JSON output, generated from the types of the answers.

pydantic could derive them, but it accepts typing's TypedDict only from Python 3.12 on.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sre_findings.model.answers.answer import SCHEMA_VERSION
from sre_findings.model.answers.list_types import TYPES
from sre_findings.model.findings.finding_json import FindingJson
from sre_mcp.tools.schemas import (
    COUNT,
    COUNTS,
    ITEMS,
    MAYBE_COUNT,
    MAYBE_OBJECT,
    MAYBE_TEXT,
    OBJECT,
    PROOF,
    SENTENCE,
    VERDICT,
    maybe,
)

FOLDER = Path(__file__).with_name("schemas")
Schema = dict[str, Any]
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}

# The commands whose answer is a list, with its key. That of ``sla`` is for ``--by owner``.
LISTS = {
    "changes": "events",
    "claims": "claims",
    "diff": "findings",
    "fixes": "lines",
    "operations": "operations",
    "priorities": "priorities",
    "show": "findings",
    "sla": "owners",
    "suppressions": "suppressions",
    "take": "claims",
    "time-to-fix": "groups",
    "trend": "nights",
    "where": "findings",
    "why": "events",
}


def of_type(kind: Any) -> Schema:
    """The schema of a Python type: plain values, unions, lists, mappings and TypedDicts."""
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if typing.is_typeddict(kind):
        return of_keys(typing.get_type_hints(kind), kind.__required_keys__)
    return {} if kind in {Any, object} else _of_generic(kind)


def _of_generic(kind: Any) -> Schema:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [of_type(one) for one in inner]}
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": of_type(inner[1])}
    if issubclass(origin, Sequence):
        return {"type": "array", "items": of_type(inner[0])}
    raise TypeError(f"no schema for {kind}")


def of_keys(hints: Mapping[str, Any], needed: Sequence[str] | frozenset[str]) -> Schema:
    """The schema of an object that has these keys, and may have more in later versions."""
    properties = {name: of_type(kind) for name, kind in hints.items()}
    return {"type": "object", "properties": properties, "required": sorted(needed)}


def _of_list(question: str, name: str) -> Schema:
    """The properties of an answer that is a list under this name."""
    module, item, facts = TYPES[question]
    of = import_module(f"sre_findings.model.answers.{module}")
    more = of_type(getattr(of, facts))["properties"] if facts else {}
    items = {"type": "array", "items": of_type(getattr(of, item))}
    return {**SENTENCE, **more, **PROOF, name: items, f"total_{name}": COUNT}


def _of_resource() -> Schema:
    texts = ("resource_type", "name", "account_id", "account_name", "region", "doubt")
    return {
        "resource_id": {"type": "string"},
        **dict.fromkeys((*texts, "live_error", "next_cursor"), MAYBE_TEXT),
        **VERDICT,
        **COUNTS,
        **dict.fromkeys(("kev_unchecked", "total_findings"), COUNT),
        **dict.fromkeys(("overdue", "accepted"), MAYBE_COUNT),
        **PROOF,
        **{name: {"type": "boolean"} for name in ("stale", "incomplete", "claims_known")},
        "exposed": maybe("boolean"),
        **dict.fromkeys(("in_use", "context"), MAYBE_OBJECT),
        "coverage": ITEMS,
        "filters": OBJECT,
        "findings": {"type": "array", "items": of_type(FindingJson)},
    }


def _of_summary() -> Schema:
    numbers = ("resources", "kev_unchecked", "not_scanned", "doubtful")
    return {**VERDICT, **COUNTS, **dict.fromkeys(numbers, COUNT), "doubt": MAYBE_TEXT, **PROOF}


def _of_coverage() -> Schema:
    return {"scanned": COUNT, "not_scanned": COUNT, "gaps": ITEMS, "cells": ITEMS, **PROOF}


def schemas() -> Iterator[tuple[str, Schema]]:
    """Each command with a JSON output, and its schema."""
    every = {command: _of_list(command, name) for command, name in LISTS.items()}
    every |= {
        "vulnerabilities": _of_resource(),
        "summary": _of_summary(),
        "coverage": _of_coverage(),
    }
    for name, properties in sorted(every.items()):
        found = {"schema_version": {"const": SCHEMA_VERSION}, **properties}
        yield (
            name,
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": f"sre-cli {name} --json",
                "type": "object",
                "properties": found,
                "required": list(found),
            },
        )


def main() -> None:
    """Writes the schemas."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas():
        text = json.dumps(schema, indent=1) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
