"""Of what part of the estate a page tells, and how to ask for the same again."""

from __future__ import annotations

import shlex

from sre_findings.nightly.report import Material


def of_words(night: Material) -> str:
    """``of payments``, ``of account 111122223333``; empty for everything."""
    if night.owner:
        return f"of {night.owner}"
    return f"of account {_named(night)}" if night.account else ""


def _named(night: Material) -> str:
    name = next((group.name for group in night.accounts.groups if group.value == night.account), "")
    return f"{name} ({night.account})" if name else str(night.account)


def command_of(night: Material) -> str:
    """The command that writes the same page again."""
    view = (
        ["--owner", night.owner]
        if night.owner
        else ["--account", night.account]
        if night.account
        else []
    )
    words = ["sre-cli", "report", "--as-of", night.proof.snapshot_id or "", *view, "-o", "report"]
    return shlex.join(words)
