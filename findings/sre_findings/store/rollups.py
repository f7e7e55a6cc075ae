"""Rollups and ages in the table: a row a scope, written when it changes, and a marker for each snapshot written last.

    partition                        sort key                      what
    rollup#{kind of the scope}       {value}<unit sep.>{sequence}  the scope's Rollup from that commit on
    ages#{kind of the scope}         the same                      its Ages, which are large and seldom asked for
    snapshot                         {sequence}                    every row of this commit is there

A value that no sort key can hold as it is stands there as its SHA-256, and in the row's ``value`` as it is.
A reader takes a scope's newest row at or before the commit asked. Without the marker it counts from Parquet instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sre_findings.model.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.store.snapshots import Commit
from sre_findings.store.table import LAST, SORT_BYTES, Row, Table

if TYPE_CHECKING:  # counts are asked for far more often
    from sre_findings.model.ages import Ages

MARKERS = "snapshot"
_SEPARATOR = "\x1f"  # in no value that stands in a key as it is
_HASHED = "\x1e"  # begins the key of one that does not
_DIGITS = 12


def write(table: Table, commit: Commit, rollups: Mapping[Scope, Rollup], before: Mapping[Scope, Rollup]) -> int:
    """Writes what differs from ``before``, the same scopes as of the commit before this one; then the marker.

    A scope that is in ``before`` only has emptied and gets a row of zeroes; one through which anything went gets a row even
    if as much came as left. Ages go first, for the marker tells that they are there. Returns the number of rows written.
    """
    now = {**dict.fromkeys(before, Rollup()), **rollups}
    rows = [_row("rollup", scope, commit.sequence, rollup.to_row()) for scope, rollup in now.items()
            if rollup.flow or _stock(before.get(scope)) != rollup]  # fmt: skip
    table.put(rows)
    night = {"snapshot_id": commit.snapshot_id, "started_at": commit.started_at.isoformat(), "state": commit.state}
    table.put([Row(MARKERS, _digits(commit.sequence), night)])
    return len(rows)


def write_ages(table: Table, commit: Commit, ages: Mapping[Scope, Ages], before: Mapping[Scope, Ages]) -> int:
    """Writes the ages that differ from those before; a scope that emptied gets a row of none. Returns the rows written."""
    from sre_findings.model.ages import Ages  # noqa: PLC0415 - see above

    now = {**dict.fromkeys(before, Ages()), **ages}
    changed = [scope for scope, found in now.items() if before.get(scope, Ages()) != found]
    table.put(_row("ages", scope, commit.sequence, {"ages": now[scope].to_json()}) for scope in changed)
    return len(changed)


def written(table: Table, commit: Commit) -> bool:
    """Whether every row of the commit is in the table."""
    marker = next(table.query(MARKERS, _digits(commit.sequence), _digits(commit.sequence)), None)
    return marker is not None and marker.values["snapshot_id"] == commit.snapshot_id


def read(table: Table, commit: Commit, scope: Scope) -> Rollup:
    """What the scope held as of the commit; zeroes where it never held anything."""
    first, last = f"{_name(scope.value)}{_SEPARATOR}", _sort(scope, commit.sequence)
    row = next(table.query(f"rollup#{scope.kind}", first, last, newest=1), None)
    return _as_of(row, commit.sequence) if row else Rollup()


def read_kind(table: Table, commit: Commit, kind: str) -> Iterator[tuple[Scope, Rollup]]:
    """Every scope of a kind as of the commit, emptied ones left out."""
    for value, row in _newest(table, "rollup", kind, commit.sequence):
        if (rollup := _as_of(row, commit.sequence)) != Rollup():
            yield Scope(kind, value), rollup


def read_ages(table: Table, commit: Commit, kind: str) -> Iterator[tuple[Scope, Ages]]:
    """The ages of every scope of a kind as of the commit, emptied ones left out."""
    from sre_findings.model.ages import Ages  # noqa: PLC0415 - see above

    for value, row in _newest(table, "ages", kind, commit.sequence):
        if (ages := Ages.from_json(row.values["ages"])) != Ages():
            yield Scope(kind, value), ages


def _newest(table: Table, what: str, kind: str, sequence: int) -> Iterator[tuple[str, Row]]:
    """The value of each scope of a kind, and its newest row at or before a commit."""
    if kind == ORGANIZATION:  # there is one, whose other nights need not be read
        last = _sort(Scope(kind), sequence)
        return (("", row) for row in table.query(f"{what}#{kind}", _SEPARATOR, last, newest=1))
    newest: dict[str, Row] = {}
    for row in table.query(f"{what}#{kind}", "", LAST):
        name, _, written = row.sort.rpartition(_SEPARATOR)
        if written <= _digits(sequence):
            newest[name] = row
    return ((value_of(row), row) for row in newest.values())


def value_of(row: Row) -> str:
    """The value of the scope whose row it is."""
    value: str = row.values.get("value", row.sort.rpartition(_SEPARATOR)[0])
    return value


def series(table: Table, scope: Scope, last: int, first: datetime) -> Iterator[tuple[Night, Rollup]]:
    """What the scope held each night from ``first`` up to the commit of sequence ``last``, oldest first; two queries."""
    every = (_night(row) for row in table.query(MARKERS, "0", _digits(last)))
    marks = [night for night in every if night.started_at >= first]
    if not marks:
        return
    name = f"{_name(scope.value)}{_SEPARATOR}"
    rows = list(table.query(f"rollup#{scope.kind}", name, f"{name}{_digits(marks[-1].sequence)}"))
    for mark in marks:
        rows_until = [row for row in rows if row.sort.rpartition(_SEPARATOR)[2] <= _digits(mark.sequence)]
        yield mark, _as_of(rows_until[-1], mark.sequence) if rows_until else Rollup()


class Night(NamedTuple):
    """A snapshot as the table knows it."""

    sequence: int
    snapshot_id: str
    started_at: datetime
    state: str


def _night(row: Row) -> Night:
    return Night(int(row.sort), row.values["snapshot_id"], datetime.fromisoformat(row.values["started_at"]), row.values["state"])


def _as_of(row: Row, sequence: int) -> Rollup:
    """The row's rollup; its flow is of its own night alone."""
    rollup = Rollup.from_row(row.values)
    return rollup if row.sort.endswith(_digits(sequence)) else rollup.stock


def _stock(rollup: Rollup | None) -> Rollup | None:
    return rollup.stock if rollup else None


def _row(what: str, scope: Scope, sequence: int, values: Mapping[str, Any]) -> Row:
    value = {} if _name(scope.value) == scope.value else {"value": scope.value}
    return Row(f"{what}#{scope.kind}", _sort(scope, sequence), {**values, **value})


def _sort(scope: Scope, sequence: int) -> str:
    return f"{_name(scope.value)}{_SEPARATOR}{_digits(sequence)}"


def _name(value: str) -> str:
    """The value in a sort key: as it is, or hashed where it is too long or could be taken for another's key."""
    plain = all(" " <= character < LAST and not "\ud800" <= character <= "\udfff" for character in value)
    if plain and len(value.encode()) + len(_SEPARATOR) + _DIGITS <= SORT_BYTES:
        return value
    return _HASHED + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


def _digits(sequence: int) -> str:
    return f"{sequence:0{_DIGITS}d}"
