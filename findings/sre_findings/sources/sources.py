"""The sources of answers, and the snapshot that a query uses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, TypeAlias, TypeVar

from sre_findings.engine.pool import EnginePool
from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.answers.answer import SNAPSHOT, Proof, ResourceAnswer
from sre_findings.model.sla.policy import DEFAULT, Policy
from sre_findings.sources.cache import BoundedCache, DerivedCache
from sre_findings.sources.snapshot_selection import choose
from sre_findings.store.access_views import SeenSnapshots, SeenTable
from sre_findings.store.records import rollups
from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.reader import Commit, Snapshots

# Each dataclass takes a millisecond to create, so a query imports only what it needs.
if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.answers.list_answer import ListAnswer
    from sre_findings.model.findings.suppression import Suppressions
    from sre_findings.model.resources.aws_context import Context
    from sre_findings.model.resources.resource import Resource
    from sre_findings.model.snapshots.query_scope import KnownPlaces
    from sre_findings.questions.resource import Vulnerabilities
    from sre_findings.sources.download_links import IssueLink

Live: TypeAlias = "Callable[[Vulnerabilities, ResourceAnswer | None, Access], ResourceAnswer]"
"""Queries Inspector about one resource, with the access of the caller.

The snapshot's answer, if any, provides the resource's location.
"""

AskContext: TypeAlias = "Callable[[Vulnerabilities, Resource], Context]"
"""Queries AWS for the current context of a resource; what is not available becomes a note."""


Facts = TypeVar("Facts", bound=Mapping[str, object])

PLACES = 200_000  # cells of snapshots that are kept in memory: about 40 MB

NO_PROOF = Proof(SNAPSHOT, None, None, None, None)
"""The proof of an answer if there is no snapshot."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of answers.

    ``max_age`` is the age up to which a snapshot is fresh. ``copies`` is the folder for copies of
    files from buckets, with at most ``copies_size`` bytes, or the default size for None. ``engine``
    is the value of SRE_ENGINE.

    ``access`` is what the caller may see. A server calls ``seen_by`` for each client, and sets
    ``aside``: it receives the full text of service errors, which can name roles and accounts.
    Without ``aside``, the user holds the credentials and sees the full text.
    """

    snapshots: Snapshots
    table: Table
    copies: Path
    max_age: timedelta = timedelta(hours=26)
    live: Live | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    engine: str = "duckdb"
    context: AskContext | None = None
    policy: Policy = DEFAULT
    suppressions: Suppressions | None = None
    issue_link: IssueLink | None = None
    copies_size: int | None = None
    access: Access = EVERYTHING
    aside: Callable[[str], None] | None = None
    opened: EnginePool = field(default_factory=EnginePool, compare=False)
    counted: set[str] = field(default_factory=set, compare=False)
    given: BoundedCache[ResourceAnswer] = field(default_factory=BoundedCache, compare=False)
    made: DerivedCache[Any] = field(default_factory=DerivedCache, compare=False)
    places: BoundedCache[KnownPlaces] = field(
        default_factory=lambda: BoundedCache(PLACES), compare=False
    )

    def seen_by(self, access: Access) -> Sources:
        """The same sources, limited to this access in addition to the present one."""
        narrow = self.access.narrowed(access)
        if narrow == self.access:
            return self
        snapshots = SeenSnapshots(self.snapshots.blobs, narrow)
        return replace(
            self, access=narrow, snapshots=snapshots, table=SeenTable(self.table, narrow)
        )

    def open(self, commits: Sequence[Commit]) -> Engine:
        """The engine over the newest of the commits, and over all of them for history tables.

        Committed snapshots never change, so each engine is opened once and then shared: opening
        takes longer than most answers.
        """
        key = self.access, tuple((commit.snapshot_id, commit.layout) for commit in commits)
        return self.opened.get(key, lambda: self._engine(commits))

    def _engine(self, commits: Sequence[Commit]) -> Engine:
        from sre_findings.engine.factory import open_engine
        from sre_findings.store.objects.part_cache import Copies

        whole, copies = Snapshots(self.snapshots.blobs), Copies(self.copies, self.copies_size)
        return open_engine(self.engine, whole, commits, copies, self.access)

    def rolled_up(self, commit: Commit) -> bool:
        """Whether the table has the commit's rollups. A positive result is remembered."""
        if commit.snapshot_id not in self.counted and rollups.written(self.table, commit):
            self.counted.add(commit.snapshot_id)
        return commit.snapshot_id in self.counted


@dataclass(frozen=True)  # without slots, because cached_property stores the engine
class Found:
    """The snapshot that was selected for a query. Its engine is opened on first use."""

    commit: Commit
    proof: Proof
    sources: Sources

    @functools.cached_property
    def engine(self) -> Engine:
        """The engine for queries on this snapshot."""
        return self.sources.open([self.commit])


def find(sources: Sources, as_of: str | None) -> Found | None:
    """The snapshot for a query, with its proof; None if there is no snapshot."""
    latest = (
        sources.snapshots.latest()
        if as_of is None
        else choose(sources.snapshots.commits(), as_of, sources.now())
    )
    if latest is None:
        return None
    return Found(latest, proof_of(latest, sources, as_of), sources)


def proof_of(commit: Commit, sources: Sources, as_of: str | None) -> Proof:
    """The proof of an answer from this commit.

    With ``as_of``, the snapshot is never stale: the query asks for that time.
    """
    age = sources.now() - commit.started_at
    return Proof(
        source=SNAPSHOT,
        snapshot_id=commit.snapshot_id,
        as_of=commit.started_at,
        age_seconds=int(age.total_seconds()),
        state=commit.state,
        claim=commit.claim,
        reasons=commit.reasons,
        too_old=as_of is None and age > sources.max_age,
    )


def no_snapshot(name: str, summary: Facts | None = None) -> ListAnswer[Never, Facts]:
    """The answer to a list query if there is no snapshot."""
    from sre_findings.model.answers.list_answer import ListAnswer

    return ListAnswer(
        "There is no snapshot yet. Run: sre-cli scan.",
        name,
        [],
        0,
        (),
        (),
        NO_PROOF,
        summary,
        known=False,
    )
