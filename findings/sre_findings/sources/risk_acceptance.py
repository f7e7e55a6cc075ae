"""Marks findings whose risk is accepted by a rule of SRE_SUPPRESSIONS. They stay open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model.timestamps import iso_date

if TYPE_CHECKING:  # imported at run time only if there are rules
    from datetime import date

    from sre_findings.model.findings.finding import Finding
    from sre_findings.model.findings.suppression import Suppressions


def marked(finding: Finding, rules: Suppressions | None, today: date) -> Finding:
    """The finding; if a live rule covers it, with the rule's reason, owner and expiry date."""
    rule = rules.of(finding, finding.owner, today) if rules else None
    if rule is None:
        return finding
    return replace(
        finding,
        accepted={"reason": rule.reason, "owner": rule.owner, "expires": iso_date(rule.expires)},
    )
