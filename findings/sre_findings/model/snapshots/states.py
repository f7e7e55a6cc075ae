"""States of snapshots and cells, in a separate module that imports quickly."""

from __future__ import annotations

from typing import NamedTuple

COMPLETE, PARTIAL = "complete", "partial"
REACHED, DISABLED, NOT_OPTED_IN, STATUS_UNKNOWN, NOT_PLANNED = (
    "reached",
    "disabled",
    "not_opted_in",
    "status_unknown",
    "not_planned",
)

VISIBLE, EXPECTED = "for all visible accounts", "for all expected accounts"
"""The claims of a complete snapshot."""
UNRECONCILED = ", not reconciled"
"""Added to the claim if a listing could be compared neither with counts nor with earlier ones."""


class Cell(NamedTuple):
    """The scope of one switch of Inspector.

    ``*`` as resource type and scan type covers whatever no other cell of the account and region
    names, which is everything if a listing did not end. ``*`` as account covers unknown accounts.
    """

    account_id: str
    region: str
    resource_type: str
    scan_type: str
