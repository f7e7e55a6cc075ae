"""variables.tf of the Terraform module: the template's parameters as variables, and the map that
passes them on."""

from __future__ import annotations

import json
import re
from typing import Any

_HEAD = "# Written by make synth from deploy/template.json: change it there.\n"


def variables(parameters: dict[str, Any]) -> str:
    """The file, in the format of ``terraform fmt``."""
    blocks = [_variable(name, one) for name, one in parameters.items()]
    return f"{_HEAD}\n" + "\n\n".join([*blocks, _handed_on(parameters)]) + "\n"


def snake(name: str) -> str:
    """The name in snake case: ScannerImage as scanner_image."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _variable(name: str, one: dict[str, Any]) -> str:
    kind = "list(string)" if _is_list(one) else one["Type"].lower()
    lines = {"description": json.dumps(one["Description"], ensure_ascii=False), "type": kind}
    if "Default" in one:
        lines["default"] = (
            "[]"
            if _is_list(one)
            else one["Default"]
            if kind == "number"
            else json.dumps(one["Default"])
        )
    return f'variable "{snake(name)}" {{\n' + _aligned(lines, 2) + "\n}"


def _handed_on(parameters: dict[str, Any]) -> str:
    given = {
        name: f'join(",", var.{snake(name)})' if _is_list(one) else f"var.{snake(name)}"
        for name, one in parameters.items()
    }
    return "locals {\n  parameters = {\n" + _aligned(given, 4) + "\n  }\n}"


def _aligned(lines: dict[str, str], indent: int) -> str:
    width = max(map(len, lines))
    return "\n".join(f"{' ' * indent}{name:<{width}} = {value}" for name, value in lines.items())


def _is_list(one: dict[str, Any]) -> bool:
    return bool(one["Type"] == "CommaDelimitedList")
