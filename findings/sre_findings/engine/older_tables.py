"""Adapts the tables of snapshots that an older version wrote to current queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sre_findings.store.schema.column_types import columns
from sre_findings.store.schema.fields import DEFAULTS, missing
from sre_findings.store.snapshots.reader import SCHEMA, Commit

if TYPE_CHECKING:
    from sre_findings.model.snapshots.shard_facts import Part

NAMES = 2
"""The schema version that added the table of names."""

# Names in older versions: the IDs and names of resources from coverage and of those with findings.
_NAMES = """
select distinct snapshot_id, resource_id as name, 'id' as kind, resource_id, resource_type,
       account_id, region, name as resource_name, owner
from ({covered}) as c
union
select distinct snapshot_id, name, 'title' as kind, resource_id, resource_type,
       account_id, region, name as resource_name, owner
from ({covered}) as c where name is not null and name <> ''
"""
_COVERED = "select {some} from {coverage} union select {some} from {resources}"
_SOME = "snapshot_id, resource_id, resource_type, account_id, region, name, owner"


def names_of(newest: Commit, source: Callable[[str], str | None]) -> str | None:
    """Returns the select for the names of a snapshot without that table, or None if it has one.

    ``source`` returns the SQL for another table, to be used after ``from``.
    """
    coverage, resources = (
        (source("coverage"), source("resources")) if newest.schema < NAMES else (None, None)
    )
    if coverage is None or resources is None:
        return None
    return _NAMES.format(
        covered=_COVERED.format(some=_SOME, coverage=coverage, resources=resources)
    )


def absent(
    table: str, parts: Sequence[tuple[Commit, Part]], words: int
) -> list[tuple[str, str, str]]:
    """Returns the columns that none of the files has, because their schema version is too old.

    Each item is the column's name, its type in an engine's syntax, and its default value in
    SQL.
    """
    version = max((commit.schema for commit, _ in parts), default=SCHEMA)
    gone = missing(table, version) if version < SCHEMA else []
    kinds = dict(columns(table, words) or []) if gone else {}
    return [(name, kinds[name], DEFAULTS.get((table, name), "null")) for name in gone]
