"""Opens live Inspector with this process's credentials.

All queries share one client and one rate limit per region.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from datetime import UTC, datetime

from sre_findings.inspector.client import Call, connect
from sre_findings.inspector.credentials import Who
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.regions import check_region, configured_region, known_regions
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import Live, live
from sre_findings.live.resource_listing import LiveListing
from sre_findings.live.single_flight import DEADLINE, SingleFlight
from sre_findings.model.resources.owners import Owners

RATE = 5.0  # requests per second: live queries must not throttle the scan
READ_TIMEOUT = 10.0  # seconds: a user does not wait for a retry after a long first attempt


def open_live(profile: Who, owners: Owners) -> Live:
    """Returns the live source for this process's AWS settings. No connection is made yet."""

    @functools.cache
    def opened(region: str) -> tuple[Call, RateLimit]:
        check_region(region, known_regions())
        return connect(region, profile=profile, read_timeout=READ_TIMEOUT), RateLimit(RATE)

    opening = threading.Lock()

    def open_inspector(region: str) -> Inspector:
        with opening:
            call, limit = opened(region)
        return Inspector(
            call, limit, Patience(deadline=DEADLINE, until=time.monotonic() + DEADLINE)
        )

    def regions() -> list[str]:
        return [configured_region(profile, os.environ)]

    once: SingleFlight[LiveListing] = SingleFlight()
    return live(open_inspector, regions, lambda: datetime.now(UTC), owners, once)
