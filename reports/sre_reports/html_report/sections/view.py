"""The scope of a report in words, and the command that reproduces the report."""

from __future__ import annotations

import shlex

from sre_findings.nightly.report import Material


def scope_words(night: Material) -> str:
    """Returns ``for payments`` or ``for account 111122223333``; empty for all resources."""
    if night.owner:
        return f"for {night.owner}"
    return f"for account {_named(night)}" if night.account else ""


def _named(night: Material) -> str:
    name = next((group.name for group in night.accounts.groups if group.value == night.account), "")
    return f"{name} ({night.account})" if name else str(night.account)


def command_of(night: Material) -> str:
    """Returns the command that writes the same report again."""
    view = (
        ["--owner", night.owner]
        if night.owner
        else ["--account", night.account]
        if night.account
        else []
    )
    words = ["sre-cli", "report", "--as-of", night.proof.snapshot_id or "", *view, "-o", "report"]
    return shlex.join(words)
