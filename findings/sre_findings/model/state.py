"""States of a snapshot and of its cells: the certificate's words, apart from it for those who must start quickly."""

from __future__ import annotations

from typing import NamedTuple

COMPLETE, PARTIAL = "complete", "partial"
REACHED, DISABLED, NOT_OPTED_IN = "reached", "disabled", "not_opted_in"


class Cell(NamedTuple):
    """What one switch of Inspector covers; ``*`` where a region was not reached and its accounts are not known."""

    account_id: str
    region: str
    resource_type: str
    scan_type: str
