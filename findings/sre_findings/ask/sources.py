"""Where answers come from, and which snapshot a question is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sre_findings.ask.engine import Engine
from sre_findings.ask.question import AboutResource
from sre_findings.ask.when import choose
from sre_findings.model.answer import SNAPSHOT, Proof, ResourceAnswer
from sre_findings.model.context import Context
from sre_findings.model.resource import Resource
from sre_findings.store.snapshots import Commit, Snapshots
from sre_findings.store.table import Table

Live = Callable[[AboutResource, ResourceAnswer | None], ResourceAnswer]
"""Asks Inspector itself about one resource; the snapshot's answer, if any, tells where the resource is."""

AskContext = Callable[[AboutResource, Resource], Context]
"""Asks AWS what it says now of a resource; what it does not say is a note."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where answers come from. ``max_age`` is how old a snapshot may be to be sure; ``copies`` holds files of buckets."""

    snapshots: Snapshots
    table: Table
    copies: Path
    max_age: timedelta = timedelta(hours=26)
    live: Live | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    context: AskContext | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot that was chosen for a question."""

    commit: Commit
    engine: Engine
    proof: Proof


def find(sources: Sources, as_of: str | None) -> Found | None:
    """The snapshot for a question, with its proof; None where there is none at all."""
    latest = sources.snapshots.latest() if as_of is None else choose(sources.snapshots.commits(), as_of, sources.now())
    if latest is None:
        return None
    age = sources.now() - latest.started_at
    proof = Proof(
        source=SNAPSHOT,
        snapshot_id=latest.snapshot_id,
        as_of=latest.started_at,
        age_seconds=int(age.total_seconds()),
        state=latest.state,
        claim=latest.claim,
        reasons=latest.reasons,
        too_old=as_of is None and age > sources.max_age,
    )
    return Found(latest, Engine(sources.snapshots, latest, sources.copies), proof)
