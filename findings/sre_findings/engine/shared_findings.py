"""Counts a finding of several resources once in each scope, at its first resource there.

The columns ``resource_index`` and ``shared_*`` count it at its first resource of all. A scope that
contains only a later one, such as its owner, counts it there. Such findings are few, and most
snapshots have none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sre_findings.engine.catalogue import SHARED, Batch, Engine, catalogued
from sre_findings.model.findings.finding import is_open
from sre_findings.model.snapshots.rollup import ORGANIZATION, Counts, Rollup, Scope
from sre_findings.model.sql_parameters import owner_values

if TYPE_CHECKING:
    from sre_findings.model.sla.ages import Bucket

_FILTERS = {"owners": "owner", "types": "resource_type", "resource_id": "resource_id"}
"""The filters that can select a part of a finding's resources, with their columns."""
_KINDS = {"account": "account_id", "region": "region", "type": "resource_type", "owner": "owner"}
_FIRST = "resource_index = 0"
_ARNS: WeakKeyDictionary[Engine, list[str]] = WeakKeyDictionary()

Rows = Sequence[Mapping[str, Any]]


def shared(engine: Engine) -> Batch:
    """Returns the rows of all findings of several resources, by finding and position."""
    arns = _ARNS.get(engine)
    if arns is None:
        arns = _ARNS[engine] = [row["finding_arn"] for row in engine.rows("shared_arns")]
    return engine.rows("shared_findings") if arns else []


def counted(engine: Engine, query: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the query with its parameters, so that it counts each finding once in its scope.

    They are unchanged unless a filter selects later resources of a finding without its first.
    """
    chosen = [name for name in _FILTERS if parameters.get(name) is not None]
    if not chosen or _FIRST not in (text := catalogued(query)):
        return query, parameters
    chosen = [name for name in chosen if f":{name}" in text]
    wanted = {_FILTERS[name]: _values(parameters[name]) for name in chosen}
    later = [
        f"{rows[0]['finding_arn']} {rows[0]['resource_index']}"
        for rows in _findings(shared(engine), lambda row: _within(row, wanted))
        if rows[0]["resource_index"]
    ]
    return (query + SHARED, parameters | {"later": later}) if later else (query, parameters)


def _values(given: Any) -> Collection[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _within(row: Mapping[str, Any], wanted: Mapping[str, Collection[Any]]) -> bool:
    return all((row[column] or "") in values for column, values in wanted.items())


def _findings(rows: Rows, within: Callable[[Mapping[str, Any]], bool]) -> Iterator[Rows]:
    """Yields the rows of each finding within a scope, in order of their position."""
    for _, some in groupby(rows, lambda row: row["finding_arn"]):
        if mine := [row for row in some if within(row)]:
            yield mine


def _later(engine: Engine, owners: Sequence[str]) -> Iterator[tuple[Scope, Mapping[str, Any]]]:
    """Yields each finding that the columns do not count in a scope that contains it.

    Its row is that of its first resource in the scope.
    """
    chosen = owner_values(owners)
    for rows in _findings(shared(engine), lambda row: not chosen or (row["owner"] or "") in chosen):
        scopes: dict[Scope, Mapping[str, Any]] = {}
        for row in rows:
            for scope in _scopes(row):
                scopes.setdefault(scope, row)
        yield from ((scope, row) for scope, row in scopes.items() if row["resource_index"])


def _scopes(row: Mapping[str, Any]) -> list[Scope]:
    every = [Scope(kind, row[column] or "") for kind, column in _KINDS.items()]
    return [Scope(ORGANIZATION), *every]


def later_rollups(engine: Engine, owners: Sequence[str]) -> dict[Scope, Rollup]:
    """Returns what the rollups of the columns lack, by scope. Resources are already counted."""
    lacking: dict[Scope, Rollup] = {}
    for scope, row in _later(engine, owners):
        lacking[scope] = lacking.get(scope, Rollup()) + _one(row)
    return lacking


def _one(row: Mapping[str, Any]) -> Rollup:
    if not is_open(row["status"]):
        return Rollup(suppressed=int(row["status"] == "SUPPRESSED"))
    return Rollup(
        Counts(*(int(row["severity_rank"] == rank) for rank in range(len(Counts().by_rank())))),
        fixable=int(row["fix_available"] in ("YES", "PARTIAL")),
        exploitable=int(row["exploit_available"] == "YES"),
        kev=int(row["kev_due"] is not None),
        unchecked=int(not row["checked"]),
    )


def later_ages(engine: Engine, owners: Sequence[str]) -> Iterator[tuple[Scope, Bucket]]:
    """Yields what the ages of the columns lack: a bucket for each finding, with its scope."""
    from sre_findings.model.sla.ages import Bucket

    for scope, row in _later(engine, owners):
        if is_open(row["status"]):
            yield scope, Bucket(int(row["due_rank"]), row["opened_on"] or "", row["kev_due"] or "")
