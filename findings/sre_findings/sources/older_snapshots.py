"""Handles data that snapshots of older versions did not record.

A query that needs such data is answered as unknown. Columns that a version lacks are empty;
``store/schema/fields.tsv`` has the version of each column. For most columns, empty already means
unknown. The others are handled here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sre_findings.model.text import phrase

if TYPE_CHECKING:
    from sre_findings.sources.sources import Found
    from sre_findings.store.snapshots.reader import Commit

_REACHABILITY = _NAMES = 2  # the schema versions that added them


def for_reachability(found: Found, wanted: bool) -> Found:
    """The snapshot for a query that may be limited to reachable findings.

    If it is, and the snapshot did not record reachability, its proof states this.
    """
    if not wanted or found.commit.schema >= _REACHABILITY:
        return found
    note = phrase(
        "whether findings are reachable, which the version that made this snapshot did not record"
    )
    return replace(found, proof=replace(found.proof, unread=(*found.proof.unread, note)))


def lacks_names(commit: Commit) -> str:
    """Why a resource may not be found by its name; empty if the snapshot recorded all names."""
    if commit.schema >= _NAMES:
        return ""
    return (
        "this snapshot is of a version that recorded ids and names alone, no tags, digests or"
        " addresses; ask by the id"
    )
