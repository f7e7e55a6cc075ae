"""The parts of docs/mcp.md that are generated from the server: its tools, resources and prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sre_mcp.prompts import PROMPTS
from sre_mcp.resources import LISTED, TEMPLATES
from sre_mcp.tools.registry import TOOLS
from sre_mcp.tools.schemas import arguments

PAGE = Path(__file__).with_name("mcp.md")
_PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(page: str) -> str:
    """The page with each part between its marks generated again."""
    return _PART.sub(lambda found: f"{found[1]}\n{_PARTS[found[2]]()}\n{found[3]}", page)


def _tools() -> str:
    return "\n".join(line for name in TOOLS for line in _tool(name))


def _tool(name: str) -> Iterator[str]:
    tool = TOOLS[name]
    taken = arguments(tool.arguments)
    yield f"### `{name}`: {tool.title.lower()}\n\n{tool.description}\n"
    yield "| argument | type | default | meaning |\n| --- | --- | --- | --- |"
    needed = taken.get("required", [])
    fields = tool.arguments.model_fields
    for argument, schema in taken["properties"].items():
        default = "required" if argument in needed else _default(fields[argument].default)
        yield f"| `{argument}` | {_takes(schema)} | {default} | {schema.get('description', '')} |"
    yield ""


def _default(value: Any) -> str:
    if value is None or value in ("", ()):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{', '.join(value) if isinstance(value, tuple) else value}`"


def _takes(schema: Mapping[str, Any]) -> str:
    """The schema in words."""
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "anyOf" in schema:
        return _takes(schema["anyOf"][0])
    match schema["type"]:
        case "array":
            return f"up to {schema['maxItems']} of: {_takes(schema['items'])}"
        case "integer":
            return f"{schema['minimum']:,} to {schema['maximum']:,}"
        case "string":
            longest = (
                f"text, up to {schema['maxLength']:,} characters" if "maxLength" in schema else ""
            )
            return longest or f"text like `{schema['pattern']}`"
    return "`true` or `false`"


def _resources() -> str:
    known = [(one.uri, one.description) for one in LISTED] + [
        (one.uri_template, one.description) for one in TEMPLATES
    ]
    return "\n".join(
        [
            "| resource | content |",
            "| --- | --- |",
            *(f"| `{uri}` | {words} |" for uri, words in known),
            "",
        ]
    )


def _prompts() -> str:
    lines = ["| prompt | argument | purpose |", "| --- | --- | --- |"]
    for name, template in PROMPTS.items():
        arguments = "; ".join(
            f"`{one.name}`: {one.description}" for one in template.prompt.arguments or []
        )
        lines.append(f"| `{name}` | {arguments} | {template.prompt.description} |")
    return "\n".join([*lines, ""])


_PARTS = {"tools": _tools, "resources": _resources, "prompts": _prompts}
