"""The sources of answers, and the snapshot that a query uses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sre_findings.model.access import EVERYTHING, Access
from sre_findings.model.answers.answer import SNAPSHOT, Proof, ResourceAnswer
from sre_findings.model.errors import NoSnapshot
from sre_findings.model.sla.policy import DEFAULT, Policy
from sre_findings.model.snapshots.freshness import age, doubt
from sre_findings.sources.cache import Caches
from sre_findings.sources.snapshot_selection import choose
from sre_findings.sources.stores import Stores
from sre_findings.store.records import rollups
from sre_findings.store.snapshots.reader import Commit

# Each dataclass takes a millisecond to create, so a query imports only what it needs.
if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.findings.finding import Finding
    from sre_findings.model.findings.suppression import Suppressions
    from sre_findings.model.resources.aws_context import Context
    from sre_findings.model.resources.resource import Resource
    from sre_findings.questions.resource import Vulnerabilities
    from sre_findings.sources.download_links import IssueLink

Known: TypeAlias = "Callable[[Sequence[Finding]], Sequence[Finding]]"
"""Adds to findings what the snapshot knows of their vulnerabilities."""

Live: TypeAlias = (
    "Callable[[Vulnerabilities, ResourceAnswer | None, Access, Known | None], ResourceAnswer]"
)
"""Queries Inspector about one resource, with the access of the caller.

The snapshot's answer, if any, provides the resource's location.
"""

AskContext: TypeAlias = "Callable[[Vulnerabilities, Resource], Context]"
"""Queries AWS for the current context of a resource; what is not available becomes a note."""


class LiveSources(NamedTuple):
    """The live sources of answers about one resource; None for one that is not available."""

    inspector: Live | None = None
    context: AskContext | None = None


NOT_LIVE = LiveSources()


class Caller(NamedTuple):
    """The user or client that queries are answered for.

    ``access`` is what the caller may see. ``aside`` receives the full text of service errors, which
    can name roles and accounts, and answers lack these texts; a server sets it. Without it, the
    user holds the credentials and sees them. ``by`` identifies the person for claims, and ``name``
    is shown for them; both are empty for the user of this process.
    """

    access: Access = EVERYTHING
    aside: Callable[[str], None] | None = None
    by: str = ""
    name: str = ""


USER = Caller()
"""The user of this process, without limits."""


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """The sources of answers.

    ``max_age`` is the age up to which a snapshot is fresh. A server calls ``seen_by`` for each
    client.
    """

    stores: Stores
    live: LiveSources = NOT_LIVE
    caller: Caller = USER
    caches: Caches = field(default_factory=Caches)
    max_age: timedelta = timedelta(hours=26)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    policy: Policy = DEFAULT
    suppressions: Suppressions | None = None
    issue_link: IssueLink | None = None

    def seen_by(self, access: Access) -> Sources:
        """The same sources, limited to this access in addition to the present one."""
        allowed = self.caller.access.narrowed(access)
        if allowed == self.caller.access:
            return self
        caller = self.caller._replace(access=allowed)
        return replace(self, caller=caller, stores=self.stores.seen_by(allowed))

    def pinned(self, commit: Commit) -> Sources:
        """The same sources, without the snapshots after this commit."""
        return replace(self, stores=self.stores.pinned(commit))

    def open(self, commits: Sequence[Commit]) -> Engine:
        """The engine over the newest of the commits, and over all of them for history tables.

        Committed snapshots never change, so each engine is opened once and then shared: opening
        takes longer than most answers.
        """
        access = self.caller.access
        key = access, tuple((commit.snapshot_id, commit.layout) for commit in commits)
        return self.caches.engines.get(key, lambda: self.stores.open(commits, access))

    def rolled_up(self, commit: Commit) -> bool:
        """Whether the table has the commit's rollups.

        The table is read each time: it can be lost at any time, and absent rows are not zeroes.
        """
        return rollups.written(self.stores.table, commit)


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


def find(sources: Sources, as_of: str | None) -> Found:
    """The snapshot for a query, with its proof. Raises NoSnapshot if there is none."""
    snapshots = sources.stores.snapshots
    if as_of is not None:
        return found_in(snapshots.commits(), as_of, sources)
    latest = snapshots.latest()
    if latest is None:
        raise NoSnapshot
    return Found(latest, proof_of(latest, sources, None), sources)


def find_any(sources: Sources, as_of: str | None) -> Found | None:
    """Like ``find``, but returns None if there is no snapshot."""
    try:
        return find(sources, as_of)
    except NoSnapshot:
        return None


def found_in(commits: Sequence[Commit], as_of: str | None, sources: Sources) -> Found:
    """Like ``find``, for commits that were already read."""
    commit = choose(commits, as_of, sources.now())
    return Found(commit, proof_of(commit, sources, as_of), sources)


def proof_of(commit: Commit, sources: Sources, as_of: str | None) -> Proof:
    """The proof of an answer from this commit.

    With ``as_of``, the snapshot is never stale: the query asks for that time. A snapshot that
    starts in the future is never fresh.
    """
    passed = age(commit.started_at, sources.now())
    proof = Proof(
        source=SNAPSHOT,
        snapshot_id=commit.snapshot_id,
        as_of=commit.started_at,
        age_seconds=None if passed is None else int(passed.total_seconds()),
        state=commit.state,
        claim=commit.claim,
        causes=commit.causes,
        too_old=bool(doubt(passed, timedelta.max if as_of else sources.max_age)),
    )
    return proof if sources.caller.aside is None else proof.outward()
