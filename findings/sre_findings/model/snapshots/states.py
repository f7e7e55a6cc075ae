"""States of a snapshot and of its cells, in a module of their own that imports quickly."""

from __future__ import annotations

from typing import NamedTuple

COMPLETE, PARTIAL = "complete", "partial"
REACHED, DISABLED, NOT_OPTED_IN, STATUS_UNKNOWN = (
    "reached",
    "disabled",
    "not_opted_in",
    "status_unknown",
)


class Cell(NamedTuple):
    """What one switch of Inspector covers. ``*`` as resource type and scan type is whatever no cell
    of the account and region names, which is everything where a listing did not end; ``*`` as
    account is whatever account is not known."""

    account_id: str
    region: str
    resource_type: str
    scan_type: str
