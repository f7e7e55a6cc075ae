"""Opens what ``ask`` needs from settings, so that the mouths know neither stores nor Inspector."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from sre_findings.ask.sources import Live, Sources
from sre_findings.settings import Settings
from sre_findings.store.open import open_blobs, open_table
from sre_findings.store.snapshots import Snapshots

LIVE_RATE = 5.0  # requests a second: people who ask must not starve the scan
LIVE_DEADLINE = 20.0  # seconds that a person waits


def open_sources(settings: Settings, profile: str | None = None) -> Sources:
    """The store, the table and live Inspector, as the settings name them. Nothing is contacted yet."""
    snapshots = Snapshots(open_blobs(settings.store))
    return Sources(
        snapshots,
        open_table(settings.table),
        settings.copies,
        settings.max_age,
        _live(profile),
        engine=settings.engine,
        copies_size=settings.copies_size,
    )


def _live(profile: str | None) -> Live:
    """Asking Inspector, with its imports (200 ms) put off until somebody does."""

    def ask(question: Any, cached: Any) -> Any:
        from sre_findings.ask.live import live  # noqa: PLC0415
        from sre_findings.inspector.client import connect  # noqa: PLC0415
        from sre_findings.inspector.listing import Inspector  # noqa: PLC0415
        from sre_findings.inspector.regions import check_region, configured_region, known_regions  # noqa: PLC0415
        from sre_findings.inspector.retry import Patience, RateLimit  # noqa: PLC0415

        def open_inspector(region: str) -> Inspector:
            check_region(region, known_regions())
            return Inspector(connect(region, profile=profile), RateLimit(LIVE_RATE), Patience(deadline=LIVE_DEADLINE))

        return live(open_inspector, lambda: [configured_region(profile, os.environ)], lambda: datetime.now(UTC))(question, cached)

    return ask
