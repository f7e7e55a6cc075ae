"""Rollups and ages in the table: a row for each scope, written when it changes, and a marker for
each snapshot, written last.

    partition              sort key                      what
    rollup#{scope's kind}  {value}<unit sep.>{sequence}  the scope's Rollup since that commit
    ages#{scope's kind}    the same                      its Ages, which are large and rarely read
    snapshot               {sequence}                    every row of this commit is written

A value that no sort key can hold as it is stands there as its SHA-256, and in the row's ``value``
as it is. A reader takes a scope's newest row at or before the commit asked. Without the marker it
counts from Parquet instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.store.records.table import LAST, SORT_BYTES, Row, Table
from sre_findings.store.snapshots.reader import Commit

if TYPE_CHECKING:  # counts are asked for far more often
    from sre_findings.model.sla.ages import Ages

MARKERS = "snapshot"
_SEPARATOR = "\x1f"  # in no value that stands in a key as it is
_HASHED = "\x1e"  # begins the key of one that does not
_DIGITS = 12


def write(
    table: Table, commit: Commit, rollups: Mapping[Scope, Rollup], before: Mapping[Scope, Rollup]
) -> int:
    """Writes what differs from ``before``, the same scopes as of the commit before this one; then
    the marker.

    A scope that is in ``before`` only has emptied and gets a row of zeroes; one through which
    anything went gets a row even if as much came as left. Ages go first, for the marker tells that
    they are there. Returns the number of rows written.
    """
    now = {**dict.fromkeys(before, Rollup()), **rollups}
    rows = [_row("rollup", scope, commit.sequence, rollup.to_row()) for scope, rollup in now.items()
            if rollup.flow or _stock(before.get(scope)) != rollup]  # fmt: skip
    table.put(rows)
    night = {
        "snapshot_id": commit.snapshot_id,
        "started_at": commit.started_at.isoformat(),
        "state": commit.state,
    }
    table.put([Row(MARKERS, digits(commit.sequence), night)])
    return len(rows)


def write_ages(
    table: Table, commit: Commit, ages: Mapping[Scope, Ages], before: Mapping[Scope, Ages]
) -> int:
    """Writes the ages that differ from those before; a scope that emptied gets a row of none.
    Returns the rows written."""
    from sre_findings.model.sla.ages import Ages

    now = {**dict.fromkeys(before, Ages()), **ages}
    changed = [scope for scope, found in now.items() if before.get(scope, Ages()) != found]
    table.put(
        _row("ages", scope, commit.sequence, {"ages": now[scope].to_json()}) for scope in changed
    )
    return len(changed)


def written(table: Table, commit: Commit) -> bool:
    """Whether every row of the commit is in the table."""
    marker = next(table.query(MARKERS, digits(commit.sequence), digits(commit.sequence)), None)
    return marker is not None and marker.values["snapshot_id"] == commit.snapshot_id


def read(table: Table, commit: Commit, scope: Scope) -> Rollup:
    """What the scope held as of the commit; zeroes where it never held anything."""
    first, last = until(scope.value), _sort(scope, commit.sequence)
    row = next(table.query(f"rollup#{scope.kind}", first, last, newest=1), None)
    return _as_of(row, commit.sequence) if row else Rollup()


Values = Collection[str] | None
"""Values of scopes, each a query of its own; None is every scope of a kind, with all its nights."""


def read_kind(
    table: Table, commit: Commit, kind: str, values: Values = None
) -> Iterator[tuple[Scope, Rollup]]:
    """Every scope of a kind as of the commit, emptied ones left out."""
    for value, row in _newest(table, "rollup", kind, commit.sequence, values):
        if (rollup := _as_of(row, commit.sequence)) != Rollup():
            yield Scope(kind, value), rollup


def read_ages(
    table: Table, commit: Commit, kind: str, values: Values = None
) -> Iterator[tuple[Scope, Ages]]:
    """The ages of every scope of a kind as of the commit, emptied ones left out."""
    from sre_findings.model.sla.ages import Ages

    for value, row in _newest(table, "ages", kind, commit.sequence, values):
        if (ages := Ages.from_json(row.values["ages"])) != Ages():
            yield Scope(kind, value), ages


def _newest(
    table: Table, what: str, kind: str, sequence: int, values: Values
) -> Iterator[tuple[str, Row]]:
    """The value of each scope of a kind, and its newest row at or before a commit."""
    if values is not None:
        ranges = [(until(value), f"{until(value)}{digits(sequence)}") for value in sorted(values)]
        found = table.query_each(f"{what}#{kind}", ranges, newest=1)
        return ((value_of(row), row) for rows in found for row in rows)
    if kind == ORGANIZATION:  # there is one, whose other nights need not be read
        last = _sort(Scope(kind), sequence)
        return (("", row) for row in table.query(f"{what}#{kind}", _SEPARATOR, last, newest=1))
    newest: dict[str, Row] = {}
    for row in table.query(f"{what}#{kind}", "", LAST):
        name, written = name_of(row)
        if written <= digits(sequence):
            newest[name] = row
    return ((value_of(row), row) for row in newest.values())


def value_of(row: Row) -> str:
    """The value of the scope whose row it is."""
    value: str = row.values.get("value", name_of(row)[0])
    return value


def name_of(row: Row) -> tuple[str, str]:
    """The name of a row's scope, as its sort key has it, and the digits of the commit that wrote
    it."""
    name, _, written = row.sort.rpartition(_SEPARATOR)
    return name, written


def until(value: str) -> str:
    """What the sort keys of all rows of a scope begin with; the digits of a commit follow."""
    return f"{_name(value)}{_SEPARATOR}"


def _as_of(row: Row, sequence: int) -> Rollup:
    """The row's rollup; its flow is of its own night alone."""
    rollup = Rollup.from_row(row.values)
    return rollup if row.sort.endswith(digits(sequence)) else rollup.stock


def _stock(rollup: Rollup | None) -> Rollup | None:
    return rollup.stock if rollup else None


def _row(what: str, scope: Scope, sequence: int, values: Mapping[str, Any]) -> Row:
    value = {} if _name(scope.value) == scope.value else {"value": scope.value}
    return Row(f"{what}#{scope.kind}", _sort(scope, sequence), {**values, **value})


def _sort(scope: Scope, sequence: int) -> str:
    return f"{until(scope.value)}{digits(sequence)}"


def _name(value: str) -> str:
    """The value in a sort key: as it is, or hashed where it is too long or could be taken for
    another's key."""
    plain = all(
        " " <= character < LAST and not "\ud800" <= character <= "\udfff" for character in value
    )
    if plain and len(value.encode()) + len(_SEPARATOR) + _DIGITS <= SORT_BYTES:
        return value
    return _HASHED + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


def digits(sequence: int) -> str:
    """A commit's place in the order of all, as sort keys have it."""
    return f"{sequence:0{_DIGITS}d}"
