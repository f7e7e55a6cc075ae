"""Findings that somebody answers for, by the rules of SRE_SUPPRESSIONS: marked, and as open as
before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the rules are made where there are some
    from datetime import date

    from sre_findings.model.findings.finding import Finding
    from sre_findings.model.findings.suppression import Suppressions


def marked(finding: Finding, rules: Suppressions | None, today: date) -> Finding:
    """The finding, with who answers for it where a live rule covers it."""
    rule = rules.of(finding, finding.owner, today) if rules else None
    if rule is None:
        return finding
    return replace(
        finding,
        accepted={"reason": rule.reason, "owner": rule.owner, "expires": rule.expires.isoformat()},
    )
