"""Finds a resource that the snapshot does not contain, by what earlier snapshots know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import AmbiguousName
from sre_findings.model.resources.name_readings import placed, readings
from sre_findings.model.resources.names import ID, TAG, strength
from sre_findings.model.resources.resource import Resource
from sre_findings.queries.resource_lookup import (
    EARLIER,
    contains,
    gap_readings,
    named,
    texts_of,
    titles_of,
)
from sre_findings.rows.values import resource_of
from sre_findings.sources.sources import Found

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine


def gone_resource(found: Found, history: Engine, text: str) -> Resource | None:
    """The resource of this ID or name, from events and from the last reading of unread places.

    Returns None if there is none. Raises AmbiguousName if there are several.
    """
    ranked: dict[tuple[str, ...], tuple[int, Resource]] = {}
    for one, rank in (*_of_gaps(found, text), *_of_events(history, text)):
        key = (one.account_id, one.region, one.resource_type, one.resource_id)
        ranked[key] = min(ranked.get(key, (rank, one)), (rank, one), key=lambda pair: pair[0])
    best = min((rank for rank, _ in ranked.values()), default=None)
    every = [one for rank, one in ranked.values() if rank == best]
    if len(every) > 1:
        every.sort(key=placed)
        raise AmbiguousName.of(text, texts_of(every), titles_of(every, text))
    return every[0] if every else None


def _of_gaps(found: Found, text: str) -> Iterator[tuple[Resource, int]]:
    for commit, gaps in islice(gap_readings(found), EARLIER):
        for one, rank in named(text, found.sources.open([commit])).items():
            if any(contains(gap, one) for gap in gaps):
                yield one, rank


def _of_events(history: Engine, text: str) -> Iterator[tuple[Resource, int]]:
    for reading in readings(text):
        for row in history.rows("resources_of_events", name=reading.name):
            kind, one = _kind(row, reading.name), resource_of(row)
            if reading.fits(kind, one):
                yield one, strength(kind)


def _kind(row: Mapping[str, Any], name: str) -> str:
    return ID if row["resource_id"] == name else TAG
