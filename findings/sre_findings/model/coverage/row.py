"""One row of coverage, as Inspector reports it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One row of ListCoverage: one scan type of one resource.

    Source: API reference, CoveredResource.
    """

    resource_id: str
    resource_type: str
    account_id: str
    region: str
    scan_type: str
    status: str
    reason: str
    scan_mode: str | None = None
    last_scanned_at: datetime | None = None
    name: str = ""

    @property
    def active(self) -> bool:
        """Whether Inspector reports that it scans this."""
        return self.status == ACTIVE
