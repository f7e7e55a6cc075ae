"""One row of coverage, as Inspector reports it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ACTIVE = "ACTIVE"
SWITCHED_OFF = "SWITCHED_OFF"
"""The reason of a row that Inspector lists as ACTIVE although its scan type is switched off."""


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
        """Whether Inspector reports that it scans this, and the scan type is switched on."""
        return self.status == ACTIVE and self.reason != SWITCHED_OFF

    @property
    def place(self) -> tuple[str, str, str, str]:
        """The account, region, type and ID of the resource."""
        return self.account_id, self.region, self.resource_type, self.resource_id
