"""Statuses of findings, as Inspector writes them."""

from __future__ import annotations

from sre_findings.model.errors import UsageError

STATUSES = ("ACTIVE", "SUPPRESSED", "CLOSED")


def parse_status(text: str) -> str:
    """A finding status as people write it, in any case."""
    value = text.strip().upper()
    if value not in STATUSES:
        raise UsageError(
            f"{text!r} is not a finding status", do=f"Use one of: {', '.join(STATUSES)}."
        )
    return value
