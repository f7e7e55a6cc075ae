"""The scope of a report in words, and the command that reproduces the report."""

from __future__ import annotations

import shlex

from sre_findings.nightly.report import Material


def scope_words(material: Material) -> str:
    """Returns ``for payments`` or ``for account 111122223333``; empty for all resources."""
    if material.owner:
        return f"for {material.owner}"
    return f"for account {_named(material)}" if material.account else ""


def _named(material: Material) -> str:
    name = next(
        (group.name for group in material.accounts.groups if group.value == material.account), ""
    )
    return f"{name} ({material.account})" if name else str(material.account)


def command_of(material: Material) -> str:
    """Returns the command that writes the same report again."""
    view = (
        ["--owner", material.owner]
        if material.owner
        else ["--account", material.account]
        if material.account
        else []
    )
    words = [
        "sre-cli",
        "report",
        "--as-of",
        material.proof.snapshot_id or "",
        *view,
        "-f",
        "report",
    ]
    return shlex.join(words)
