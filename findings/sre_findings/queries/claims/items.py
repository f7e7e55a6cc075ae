"""Claims as items of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sre_findings.model.answers.answer import TABLE, TAKEN, Proof
from sre_findings.model.answers.list_answer import Shown
from sre_findings.model.findings.claim import Claim
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso, iso_date
from sre_findings.sources.sources import Sources

if TYPE_CHECKING:  # only type checkers need the types of the answers
    from sre_findings.model.answers.claims import ClaimItem

FIELDS = (
    "vulnerability_id",
    "resource_id",
    "resource_name",
    "account_id",
    "region",
    "by",
    "name",
    "until",
    "taken_at",
    "state",
)
SHOWN = (
    Shown("state", "State"),
    Shown("vulnerability_id", "Vulnerability"),
    Shown("resource", "Resource", "wide"),
    Shown("name", "Taken by"),
    Shown("until", "Until"),
)


def item(claim: Claim, state: str) -> ClaimItem:
    """Returns the claim as plain data."""
    key = claim.key
    return {
        "vulnerability_id": key.vulnerability_id,
        "resource_id": key.resource_id,
        "resource_name": claim.resource_name,
        "account_id": key.account_id,
        "region": key.region,
        "by": claim.by,
        "name": claim.name,
        "until": iso_date(claim.until),
        "taken_at": iso(claim.taken_at),
        "state": state,
        "resource": claim.resource_name or key.resource_id,
    }


def recorded(sources: Sources) -> Proof:
    """Returns the proof of an answer from the table alone, which is always current."""
    return Proof(TABLE, None, sources.now(), 0, COMPLETE, TAKEN)
