"""Coverage gaps: scans that prove nothing, each as a row of coverage with the reason.

The verdict on one resource, the counts for all resources and the list of gaps use the same rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sre_findings.model.coverage.reasons import (
    NEVER_SCANNED,
    NO_RULE,
    NOT_LISTED,
    SCANNED_IN_THE_FUTURE,
    SCANNED_TOO_LONG_AGO,
)
from sre_findings.model.coverage.row import Coverage
from sre_findings.model.coverage.rules import (
    RULES,
    proves,
    rule_of,
    scanned_too_long_ago,
    silent,
)


def scan_gap(row: Coverage, as_of: datetime, until: datetime | None = None) -> Coverage | None:
    """Returns the row with the reason for which it proves nothing; None if it is proof.

    ``until`` is the time at which it was read, if not ``as_of``.
    """
    if silent(row):
        return row
    if rule_of(row) is None:
        return replace(row, reason=NO_RULE)
    if not scanned_too_long_ago(row, as_of, until):
        return None
    if row.last_scanned_at is None:
        return replace(row, reason=NEVER_SCANNED)
    ahead = row.last_scanned_at > (until or as_of)
    return replace(row, reason=SCANNED_IN_THE_FUTURE if ahead else SCANNED_TOO_LONG_AGO)


def missing_scan(rows: Sequence[Coverage]) -> Coverage | None:
    """Returns a row for the required scan of a resource; None if one of its rows is that scan.

    ``rows`` are all rows of one resource.
    """
    rule = RULES.get(rows[0].resource_type)
    if rule is None or rule.proof is None or any(map(proves, rows)):
        return None
    return unlisted_scan(*rows[0].place, rows[0].name)


def unlisted_scan(
    account_id: str, region: str, resource_type: str, resource_id: str, name: str
) -> Coverage:
    """Returns a row for the required scan of a resource, which Inspector does not list."""
    rule = RULES.get(resource_type)
    scan = rule.proof if rule and rule.proof else ""
    return Coverage(resource_id, resource_type, account_id, region, scan, "", NOT_LISTED, name=name)
