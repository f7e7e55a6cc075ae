"""The history of a scope, with the snapshots that the table lacks counted from their files.

A snapshot without its marker in the table has no counts there: the table was lost or restored, or
the scan failed before it wrote them. Its absent rows are not zeroes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sre_findings.engine import aggregates
from sre_findings.model.quantity import quantity
from sre_findings.model.snapshots.rollup import Rollup, Scope
from sre_findings.model.text import phrase
from sre_findings.model.timestamps import iso_date
from sre_findings.sources import rollup_access
from sre_findings.sources.sources import Sources
from sre_findings.store.records import rollups
from sre_findings.store.records.rollup_history import Night
from sre_findings.store.snapshots import pruning
from sre_findings.store.snapshots.reader import Commit


class History(NamedTuple):
    """The counts of a scope by snapshot, oldest first, and notes about how they were counted."""

    nights: list[tuple[Night, Rollup]]
    notes: tuple[str, ...]


def history(sources: Sources, scope: Scope, last: int, first: datetime) -> History | None:
    """The counts of a scope, from the table and from the files of snapshots that it lacks.

    Returns None if this caller may not see the scope's history.
    """
    nights = rollup_access.series(sources, scope, last, first)
    if nights is None:
        return None
    commits = [one for one in sources.stores.snapshots.commits() if one.sequence <= last]
    ids = {one.sequence: one.snapshot_id for one in commits}
    found = [
        (night, rollup)
        for night, rollup in nights
        if ids.get(night.sequence, night.snapshot_id) == night.snapshot_id
    ]
    there = {night.sequence for night, _ in found}
    lacking = [one for one in commits if one.sequence not in there and one.started_at >= first]
    found += [(_night(sources, one), _counted(sources, one, scope)) for one in lacking]
    found.sort(key=lambda pair: pair[0].sequence)
    return History(found, (*_counted_note(lacking), *_lost_note(sources, lacking, first, there)))


def _night(sources: Sources, one: Commit) -> Night:
    """The commit as the table would record it."""
    plan = sources.stores.snapshots.manifest(one).plan
    regions = frozenset(shard.region for shard in plan.shards)
    gaps = rollups.digest(one)
    return Night(one.sequence, one.snapshot_id, one.started_at, one.state, gaps, regions)


def _counted(sources: Sources, one: Commit, scope: Scope) -> Rollup:
    return aggregates.rollups(sources.open([one])).get(scope, Rollup())


def _counted_note(lacking: Sequence[Commit]) -> tuple[str, ...]:
    if not lacking:
        return ()
    some = quantity(len(lacking), "snapshot")
    files = phrase("its files" if len(lacking) == 1 else "their files")
    return (phrase("The table lacks the counts of {}; they are counted from {}.", some, files),)


def _lost_note(
    sources: Sources, lacking: Sequence[Commit], first: datetime, there: set[int]
) -> tuple[str, ...]:
    """A note about pruned snapshots: the table had their only counts."""
    if not lacking:
        return ()
    lost = [
        one
        for one in pruning.tombstones(sources.stores.snapshots.blobs)
        if one.started_at >= first and one.sequence not in there
    ]
    days = sorted({iso_date(one.started_at) for one in lost})
    return (f"The counts of pruned snapshots are lost: {', '.join(days)}.",) if days else ()
