"""Live Inspector by this process's own credentials, for everybody who asks it: one client and one
rate a region."""

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
from sre_findings.live.inspector_answer import Live, LiveListing, live
from sre_findings.live.single_flight import DEADLINE, SingleFlight
from sre_findings.model.resources.owners import Owners

RATE = 5.0  # requests a second: people who ask must not starve the scan
READ_TIMEOUT = 10.0  # seconds: a person does not wait for a second try after a long first one


def open_live(profile: Who, owners: Owners) -> Live:
    """The live source of ``ask`` for the settings of AWS that this process has. Nothing is
    contacted yet."""

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
