"""A whole row back in the form in which Inspector sent the finding, for every mouth that hands out
whole findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sre_findings.rows.values import time_of
from sre_findings.store.schema import original_finding

_TIMES = ("first_observed_at", "last_observed_at", "updated_at")


def wire_form(row: Mapping[str, Any]) -> dict[str, Any]:
    """The wire's finding of one row, unknown fields and nulls included, and ``_sre``: snapshot_id,
    resource_name, owner, and where there is any, ``undecoded`` texts that were no Unicode as they
    came, and what was ``not_understood``."""
    timed = {**row, **{name: time_of(row[name]) for name in _TIMES}}
    own = {name: row[name] for name in ("snapshot_id", "resource_name", "owner")}
    odd = original_finding.undecoded(row)
    own |= {
        name: value
        for name, value in (("undecoded", odd), ("not_understood", row["not_understood"]))
        if value
    }
    return {**original_finding.finding(timed), "_sre": own}
