"""Opens the service or sources for the settings, so that interfaces need not know the details."""

from __future__ import annotations

import functools
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sre_findings.clock import clock
from sre_findings.files import user_text
from sre_findings.model.access import Access
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.sla.policy import DEFAULT, Policy, parse_policy, parse_sla
from sre_findings.service.service import LocalService, Service
from sre_findings.settings import Settings, open_owners
from sre_findings.sources.sources import AskContext, Known, Live, LiveSources, Sources
from sre_findings.sources.stores import Stores
from sre_findings.store.snapshots.reader import Snapshots
from sre_findings.store.urls import open_blobs, open_key, open_table

if TYPE_CHECKING:
    from sre_findings.model.findings.suppression import Suppressions
    from sre_findings.questions.resource import Vulnerabilities

CONTEXT_WAIT = 8.0  # seconds: short, because findings do not depend on these services


def open_service(settings: Settings, profile: str | None = None) -> Service:
    """Returns the service for the settings: the server if one is set, otherwise the store.

    No connection is made yet.
    """
    if settings.server:
        from sre_findings.client.connection import Remote
        from sre_findings.client.service import RemoteService

        return RemoteService(Remote(settings.server, settings.token))
    return LocalService(open_sources(settings, profile))


def open_sources(settings: Settings, profile: str | None = None) -> Sources:
    """Returns the store, the table, live Inspector and the context of resources for the settings.

    No connection is made yet.
    """
    blobs = open_blobs(settings.store, settings.kms_key)
    snapshots = Snapshots(blobs, key=open_key(settings.signing_key))
    table = open_table(settings.table)
    return Sources(
        Stores(snapshots, table, settings.copies, settings.copies_size, settings.engine),
        LiveSources(_live(profile, settings), _context(profile)),
        max_age=settings.max_age,
        now=clock(os.environ)[0],
        policy=open_policy(settings),
        suppressions=_suppressions(settings),
    )


def open_policy(settings: Settings) -> Policy:
    """Returns the policy: the file's if one is set, with the days of SRE_SLA overriding it.

    Raises UsageError if the file cannot be read.
    """
    policy = DEFAULT
    if settings.policy:
        policy = parse_policy(user_text(settings.policy, "Check SRE_POLICY."))
    return parse_sla(settings.sla, policy) if settings.sla else policy


def _suppressions(settings: Settings) -> Suppressions | None:
    """Returns the rules of the suppressions file, or None if no file is set."""
    if settings.suppressions is None:
        return None
    from sre_findings.config.suppressions import load

    return load(settings.suppressions)


def _live(profile: str | None, settings: Settings) -> Live:
    """Returns the live source. Its imports (200 ms) are deferred to the first query."""

    @functools.cache
    def opened() -> Live:
        from sre_findings.inspector.credentials import reader_of
        from sre_findings.live.factory import open_live

        return open_live(profile or reader_of(settings), open_owners(settings))

    opening = threading.Lock()  # concurrent first queries share one source

    def ask(
        question: Vulnerabilities,
        cached: ResourceAnswer | None,
        access: Access,
        completed: Known | None,
    ) -> ResourceAnswer:
        with opening:
            source = opened()
        return source(question, cached, access, completed)

    return ask


def _context(profile: str | None) -> AskContext:
    """Returns the context source (EC2, SSM, CloudWatch). Its imports are deferred too."""

    def ask(question: Any, resource: Any) -> Any:
        from sre_findings.inspector.aws_clients import Make, clients
        from sre_findings.inspector.client import mapped_errors
        from sre_findings.inspector.regions import check_region, configured_region, known_regions
        from sre_findings.live.context import context

        def connect(region: str) -> Make:
            return clients(
                profile,
                check_region(region, known_regions()),
                os.environ,
                read_timeout=CONTEXT_WAIT,
            )

        def home() -> str:
            with mapped_errors():
                return configured_region(profile, os.environ)

        return context(connect, home, lambda: datetime.now(UTC))(question, resource)

    return ask
