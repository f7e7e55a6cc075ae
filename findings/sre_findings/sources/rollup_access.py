"""What the table of rollups can tell a caller: each scope that they see as a whole, and the sum of
those as their total.

Who sees everything reads every scope. Who sees some accounts, whoever owns what is in them, reads
these; who sees some owners, in whichever account, reads theirs. Whoever is limited in both reads
nothing: no sum of the table is of their findings alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sre_findings.model.access import ALL
from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.sources.sources import Found, Sources
from sre_findings.store.access_views import summable
from sre_findings.store.records import rollup_history
from sre_findings.store.records import rollups as table
from sre_findings.store.records.rollup_history import Night

if TYPE_CHECKING:
    from sre_findings.model.sla.ages import Ages


def parts_of(sources: Sources) -> str | None:
    """The kind of scopes whose sum is what the caller sees, None where there is none; the
    organization is its own."""
    if sources.access.everything:
        return ORGANIZATION
    return next(iter(summable(sources.access)), None)


def can_read(found: Found, sources: Sources, *kinds: str) -> bool:
    """Whether the table has these kinds as of the snapshot, for this caller.

    Where a night left gaps, scopes that it did not reach stand as they were, and their sum is of no
    night.
    """
    if not sources.access.everything:
        known = {*summable(sources.access), *([ORGANIZATION] if sources.access.all_owners else [])}
        if found.commit.gaps or not known.issuperset(kinds):
            return False
    return sources.rolled_up(found.commit)


def reader(found: Found, sources: Sources) -> Callable[[str], Sequence[tuple[Scope, Rollup]]]:
    """Reads every scope of a kind that the caller sees, as ``can_read`` allows; what it read it
    has."""
    read = functools.cache(
        lambda of: list(table.read_kind(sources.table, found.commit, of, named(sources, of)))
    )

    def of_kind(kind: str) -> Sequence[tuple[Scope, Rollup]]:
        of = parts_of(sources) or kind if kind == ORGANIZATION else kind
        return (
            read(of) if of == kind else [(Scope(kind), together(rollup for _, rollup in read(of)))]
        )

    return of_kind


def ages(found: Found, sources: Sources, kind: str) -> Iterator[tuple[Scope, Ages]]:
    """The same of ages."""
    from sre_findings.model.sla.ages import bucketed

    of = parts_of(sources) or kind if kind == ORGANIZATION else kind
    pairs = table.read_ages(sources.table, found.commit, of, named(sources, of))
    return iter(
        pairs
        if of == kind
        else [(Scope(kind), bucketed(pair for _, some in pairs for pair in some.buckets.items()))]
    )


def series(
    sources: Sources, scope: Scope, last: int, first: datetime
) -> list[tuple[Night, Rollup]] | None:
    """What a scope held night by night (see store.history); None where the table cannot tell it to
    this caller."""
    of = parts_of(sources)
    if sources.access.everything or (of is not None and scope.kind in summable(sources.access)):
        return rollup_history.series(sources.table, scope.kind, [scope.value], last, first)
    if of is None or scope != Scope(ORGANIZATION):
        return None
    return rollup_history.series(sources.table, of, sorted(named(sources, of) or ()), last, first)


def named(sources: Sources, kind: str) -> Collection[str] | None:
    """The scopes of a kind that the caller may see, where they are named: to read these is less
    than to read them all."""
    names = {"account": sources.access.accounts, "owner": sources.access.owners}.get(
        kind, frozenset({ALL})
    )
    return None if ALL in names else names


def together(many: Iterable[Rollup]) -> Rollup:
    """The sum of scopes that have nothing in common."""
    return functools.reduce(Rollup.__add__, many, Rollup())
