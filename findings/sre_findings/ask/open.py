"""Opens what ``ask`` needs from settings, so that the mouths know neither stores nor Inspector."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from sre_findings.ask.sources import Live, Sources
from sre_findings.model.errors import UsageError
from sre_findings.model.policy import DEFAULT, Policy, parse_policy, parse_sla
from sre_findings.model.suppression import Suppressions
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
        policy=open_policy(settings),
        suppressions=_suppressions(settings),
        copies_size=settings.copies_size,
    )


def open_policy(settings: Settings) -> Policy:
    """The policy's file where one is set, with the days of SRE_SLA over it."""
    policy = DEFAULT
    if settings.policy:
        try:
            policy = parse_policy(settings.policy.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{settings.policy} cannot be read", why=str(error), do="Check SRE_POLICY.") from error
    return parse_sla(settings.sla, policy) if settings.sla else policy


def _suppressions(settings: Settings) -> Suppressions | None:
    """The rules of the file of suppressions, where one is set."""
    if settings.suppressions is None:
        return None
    from sre_findings.ask.suppressions import load  # noqa: PLC0415 - YAML only for those who use it

    return load(settings.suppressions)


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
