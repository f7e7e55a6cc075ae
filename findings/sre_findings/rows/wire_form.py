"""Converts a complete row to the format in which Inspector sent the finding, for all outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sre_findings.rows.values import time_of
from sre_findings.store.schema import original_finding

_TIMES = ("first_observed_at", "last_observed_at", "updated_at")

_RISK = ("kev", "kev_due", "due_on", "days_overdue")


def wire_form(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns Inspector's finding for a row, including unknown fields and nulls, and ``_sre``.

    ``_sre`` contains snapshot_id, resource_name and owner, and in exports ``kev``, ``kev_due``,
    ``due_on`` and ``days_overdue``. If there are any, it also contains ``undecoded`` (the original
    form of texts that were not Unicode) and ``not_understood``.
    """
    timed = {**row, **{name: time_of(row[name]) for name in _TIMES}}
    own = {name: row[name] for name in ("snapshot_id", "resource_name", "owner")}
    own |= {name: row[name] for name in _RISK if name in row}
    odd = original_finding.undecoded(row)
    own |= {
        name: value
        for name, value in (("undecoded", odd), ("not_understood", row["not_understood"]))
        if value
    }
    return {**original_finding.finding(timed), "_sre": own}
