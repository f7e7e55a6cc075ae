"""A line of the fix plan as a Command document of AWS Systems Manager, schema version 2.2.

A document has the command of ``commands.py`` without prompts, and so the same strict names. It
contains no other text from findings.
"""

from __future__ import annotations

import json
from typing import Any, NotRequired, TypedDict

from sre_findings.model.answers.fixes import Fix
from sre_findings.model.quantity import quantity
from sre_findings.remediation.commands import command
from sre_findings.remediation.fix_plan import Line, Package

_LARGEST = 64 * 1024  # the limit of AWS for a document
_TIMEOUT = "3600"  # seconds, in text, as the action expects it
_FOLDER = {
    "type": "String",
    "description": "The folder on the instance in which the packages are used.",
    "allowedPattern": "^/[A-Za-z0-9._/-]+$",
}


class Document(TypedDict):
    """The content for ``aws ssm create-document --document-type Command``."""

    schemaVersion: str
    description: str
    parameters: NotRequired[dict[str, Any]]
    mainSteps: list[dict[str, Any]]


def document(fix: Fix) -> Document | None:
    """The document that upgrades the packages of a line on Linux instances, without a reboot.

    None if there is no safe command, or if the document would be larger than AWS accepts. Packages
    of a language make the folder in which they are used a required parameter.
    """
    run = command(_line(fix), unattended=True)
    if run is None:
        return None
    inputs: dict[str, Any] = {"timeoutSeconds": _TIMEOUT, "runCommand": ["set -eu", run]}
    made: Document = {
        "schemaVersion": "2.2",
        "description": _description(fix),
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "upgradePackages",
                "precondition": {"StringEquals": ["platformType", "Linux"]},
                "inputs": inputs,
            }
        ],
    }
    if any(one["manager"].upper() != "OS" for one in fix["packages"]):
        inputs["workingDirectory"] = "{{ workingDirectory }}"
        made["parameters"] = {"workingDirectory": _FOLDER}
    return made if len(json.dumps(made, indent=2)) <= _LARGEST else None


def _line(fix: Fix) -> Line:
    packages = tuple(
        Package(one["manager"], one["name"], one["fixed_in"]) for one in fix["packages"]
    )
    platform = fix["platform"] or ""
    return Line(fix["kind"], platform, packages, (), 0, 0, (), 0.0, fix["reboot"])


def _description(fix: Fix) -> str:
    what = quantity(len(fix["packages"]), "package")
    after = " Takes effect after a reboot, which is not part of it." if fix["reboot"] else ""
    return (
        f"Upgrades {what} to resolve {quantity(fix['findings'], 'finding')}"
        f" on {quantity(fix['resources'], 'resource')}.{after}"
    )
