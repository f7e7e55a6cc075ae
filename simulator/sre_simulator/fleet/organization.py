"""A fleet: accounts, regions, scan times, and the cells with its findings and coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sre_simulator.filters import Criteria

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sre_simulator.fleet.cell import Cell

Wire = dict[str, Any]
SCANNED = ("ec2", "ecr", "lambda", "lambdaCode", "codeRepository", "ami")
FAILED = "FAILED"
"""A status of a scan type for which BatchGetAccountStatus lists the account as failed."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The data that a simulator serves.

    `nights` are the times to show, oldest first; the last is the present. `statuses` has the status
    of the scan types by account (SCANNED → ENABLED, DISABLED, SUSPENDED or FAILED), `filters` are
    the suppression rules of ListFilters, and `cells` holds findings and coverage by (region,
    account).
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    admin_account: str
    nights: tuple[datetime, ...]
    cells: Mapping[tuple[str, str], Cell]
    statuses: Mapping[str, Mapping[str, str]]
    filters: tuple[Wire, ...] = ()

    def at(self, night: int) -> datetime:
        """Returns one of the `nights`; 0 is the oldest."""
        return self.nights[night]

    def findings(self, at: datetime | None = None) -> Iterator[Wire]:
        """Yields all findings as JSON at a given time, by region, account and ARN.

        The default is the newest of the `nights`.
        """
        now = (at or self.nights[-1]).timestamp()
        for key in sorted(self.cells):
            for row in self.cells[key].rows("", Criteria()):
                if (state := row.state(now)) is not None:
                    yield msgspec.json.decode(row.encoded(state, now), type=Wire)

    def coverage(self, at: datetime | None = None) -> Iterator[Wire]:
        """Yields all rows of ListCoverage at a given time (default: the newest of the `nights`)."""
        now = (at or self.nights[-1]).timestamp()
        for key in sorted(self.cells):
            yield from self.cells[key].coverage(now)


def enabled(**switched: str) -> dict[str, str]:
    """Returns enabled scan types, except those given with another status."""
    return dict.fromkeys(SCANNED, "ENABLED") | switched
