"""Reads the rollups in the table that a caller may see, and their sum as the caller's total.

A caller who sees everything reads every scope. A caller with access to some accounts, with all
owners, reads the scopes of these accounts; a caller with access to some owners, in all accounts,
reads those of these owners. A caller limited in both reads none, because no rollup counts only
their findings.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sre_findings.model.access import ALL
from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.model.text import phrase
from sre_findings.sources.sources import Found, Sources
from sre_findings.store.access_views import summable
from sre_findings.store.records import rollup_history
from sre_findings.store.records import rollups as table
from sre_findings.store.records.rollup_history import Night

if TYPE_CHECKING:
    from sre_findings.model.sla.ages import Ages


NOT_IN_TABLE = phrase(
    "The table lacks the counts of this snapshot; they are counted from its files."
)


def parts_of(sources: Sources) -> str | None:
    """The kind of scopes whose sum is what the caller sees; None if there is none.

    For a caller who sees everything, it is the organization itself.
    """
    if sources.caller.access.everything:
        return ORGANIZATION
    return next(iter(summable(sources.caller.access)), None)


def can_read(found: Found, sources: Sources, *kinds: str) -> bool:
    """Whether the table has these kinds of scopes as of the snapshot, for this caller."""
    return _may_read(sources, kinds) and sources.rolled_up(found.commit)


def not_in_table(sources: Sources, *kinds: str) -> tuple[str, ...]:
    """A note for an answer that is counted from files because ``can_read`` is false.

    There is none if this caller never reads these kinds from the table.
    """
    return (NOT_IN_TABLE,) if _may_read(sources, kinds) else ()


def _may_read(sources: Sources, kinds: Collection[str]) -> bool:
    access = sources.caller.access
    known = {*summable(access), *([ORGANIZATION] if access.all_owners else [])}
    return access.everything or known.issuperset(kinds)


def reader(found: Found, sources: Sources) -> Callable[[str], Sequence[tuple[Scope, Rollup]]]:
    """A function that reads every scope of a kind that the caller sees, each kind once.

    Call it only if ``can_read`` allows it.
    """
    read = functools.cache(
        lambda of: list(table.read_kind(sources.stores.table, found.commit, of, named(sources, of)))
    )

    def of_kind(kind: str) -> Sequence[tuple[Scope, Rollup]]:
        of = parts_of(sources) or kind if kind == ORGANIZATION else kind
        return (
            read(of) if of == kind else [(Scope(kind), together(rollup for _, rollup in read(of)))]
        )

    return of_kind


def ages(found: Found, sources: Sources, kind: str) -> Iterator[tuple[Scope, Ages]]:
    """Like ``reader``, for the ages of findings."""
    from sre_findings.model.sla.ages import bucketed

    of = parts_of(sources) or kind if kind == ORGANIZATION else kind
    pairs = table.read_ages(sources.stores.table, found.commit, of, named(sources, of))
    return iter(
        pairs
        if of == kind
        else [(Scope(kind), bucketed(pair for _, some in pairs for pair in some.buckets.items()))]
    )


def series(
    sources: Sources, scope: Scope, last: int, first: datetime
) -> list[tuple[Night, Rollup]] | None:
    """The counts of a scope by snapshot (see ``store.records.rollup_history``).

    Returns None if this caller may not see the scope's history. Snapshots that the table lacks are
    not included (see ``sources.rollup_counts``).
    """
    of = parts_of(sources)
    if sources.caller.access.everything or (
        of is not None and scope.kind in summable(sources.caller.access)
    ):
        return rollup_history.series(sources.stores.table, scope.kind, [scope.value], last, first)
    if of is None or scope != Scope(ORGANIZATION):
        return None
    return rollup_history.series(
        sources.stores.table, of, sorted(named(sources, of) or ()), last, first
    )


def named(sources: Sources, kind: str) -> Collection[str] | None:
    """The names of the scopes of a kind that the caller may see; None if they are not limited.

    Reading these scopes is faster than reading all of the kind.
    """
    names = {"account": sources.caller.access.accounts, "owner": sources.caller.access.owners}.get(
        kind, frozenset({ALL})
    )
    return None if ALL in names else names


def together(many: Iterable[Rollup]) -> Rollup:
    """The sum of the rollups of disjoint scopes."""
    return functools.reduce(Rollup.__add__, many, Rollup())
