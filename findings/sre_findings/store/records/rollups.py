"""Rollups and ages in the table: one row per scope and change, and one marker per snapshot.

    partition              sort key                      contents
    rollup#{scope's kind}  {value}<unit sep.>{sequence}  the scope's Rollup since that commit
    ages#{scope's kind}    the same                      its Ages, which are large and rarely read
    snapshot               {sequence}                    every row of this commit is written

The marker is written last. If it is missing, readers count from Parquet instead.

A value that cannot be used in a sort key is replaced there by its SHA-256, and the row's ``value``
contains the original. Readers use a scope's newest row at or before the requested commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sre_findings.model.snapshots.rollup import ORGANIZATION, Rollup, Scope
from sre_findings.store.records.table import LAST, RECOUNT, SORT_BYTES, Row, Table, decoding
from sre_findings.store.snapshots.reader import Commit

if TYPE_CHECKING:  # imported lazily: most queries read only counts
    from sre_findings.model.sla.ages import Ages

MARKERS = "snapshot"
_SEPARATOR = "\x1f"  # never occurs in a value that is used unhashed
_HASHED = "\x1e"  # first character of a hashed value
_DIGITS = 12


def write(
    table: Table,
    commit: Commit,
    rollups: Mapping[Scope, Rollup],
    before: Mapping[Scope, Rollup],
    regions: Collection[str] = (),
) -> int:
    """Writes the rollups that differ from ``before``, then the marker. Returns the number of rows.

    ``before`` contains the rollups as of the previous commit. A scope that is only in
    ``before`` is now empty and gets a row of zeroes. A scope with a flow gets a row even if its
    totals are unchanged. ``regions`` are those that the scan planned. The ages must be written
    before this call, because the marker states that they exist too.
    """
    now = {**dict.fromkeys(before, Rollup()), **rollups}
    rows = [
        _row("rollup", scope, commit.sequence, rollup.to_row())
        for scope, rollup in now.items()
        if rollup.flow or _stock(before.get(scope)) != rollup
    ]
    table.put(rows)
    night = {
        "snapshot_id": commit.snapshot_id,
        "started_at": commit.started_at.isoformat(),
        "state": commit.state,
        "gaps": digest(commit),
        "regions": sorted(regions),
    }
    table.put([Row(MARKERS, digits(commit.sequence), night)])
    return len(rows)


def digest(commit: Commit) -> str:
    """Returns a digest of the cells that the commit did not read; empty if it read everything."""
    cells = sorted("|".join(gap.cell) for gap in commit.gaps)
    return hashlib.sha256("\n".join(cells).encode()).hexdigest()[:16] if cells else ""


def write_ages(
    table: Table, commit: Commit, ages: Mapping[Scope, Ages], before: Mapping[Scope, Ages]
) -> int:
    """Writes the ages that differ from ``before``. Returns the number of rows.

    A scope that is only in ``before`` is now empty and gets a row without ages.
    """
    from sre_findings.model.sla.ages import Ages

    now = {**dict.fromkeys(before, Ages()), **ages}
    changed = [scope for scope, found in now.items() if before.get(scope, Ages()) != found]
    table.put(
        _row("ages", scope, commit.sequence, {"ages": now[scope].to_json()}) for scope in changed
    )
    return len(changed)


@decoding(RECOUNT)
def written(table: Table, commit: Commit) -> bool:
    """Returns whether the table contains every row of the commit."""
    marker = next(table.query(MARKERS, digits(commit.sequence), digits(commit.sequence)), None)
    return marker is not None and marker.values["snapshot_id"] == commit.snapshot_id


@decoding(RECOUNT)
def read(table: Table, commit: Commit, scope: Scope) -> Rollup:
    """Returns the rollup of a scope as of the commit, with zeroes if the scope has no row."""
    first, last = until(scope.value), _sort(scope, commit.sequence)
    row = next(table.query(f"rollup#{scope.kind}", first, last, newest=1), None)
    return _as_of(row, commit.sequence) if row else Rollup()


Values = Collection[str] | None
"""Values of scopes, read with one query each.

None reads all scopes of a kind, with all their rows.
"""


def read_kind(
    table: Table, commit: Commit, kind: str, values: Values = None
) -> Iterator[tuple[Scope, Rollup]]:
    """Yields every scope of a kind with its rollup as of the commit. Empty scopes are omitted."""
    with decoding(RECOUNT):
        for value, row in _newest(table, "rollup", kind, commit.sequence, values):
            if (rollup := _as_of(row, commit.sequence)) != Rollup():
                yield Scope(kind, value), rollup


def read_ages(
    table: Table, commit: Commit, kind: str, values: Values = None
) -> Iterator[tuple[Scope, Ages]]:
    """Yields every scope of a kind with its ages as of the commit. Empty scopes are omitted."""
    from sre_findings.model.sla.ages import Ages

    with decoding(RECOUNT):
        for value, row in _newest(table, "ages", kind, commit.sequence, values):
            if (ages := Ages.from_json(row.values["ages"])) != Ages():
                yield Scope(kind, value), ages


def _newest(
    table: Table, what: str, kind: str, sequence: int, values: Values
) -> Iterator[tuple[str, Row]]:
    """Yields the value of each scope of a kind and its newest row at or before a commit."""
    if values is not None:
        ranges = [(until(value), f"{until(value)}{digits(sequence)}") for value in sorted(values)]
        found = table.query_each(f"{what}#{kind}", ranges, newest=1)
        return ((value_of(row), row) for rows in found for row in rows)
    if kind == ORGANIZATION:  # a single scope: one row is enough
        last = _sort(Scope(kind), sequence)
        return (("", row) for row in table.query(f"{what}#{kind}", _SEPARATOR, last, newest=1))
    newest: dict[str, Row] = {}
    for row in table.query(f"{what}#{kind}", "", LAST):
        name, written = name_of(row)
        if written <= digits(sequence):
            newest[name] = row
    return ((value_of(row), row) for row in newest.values())


def value_of(row: Row) -> str:
    """Returns the value of the scope that a row belongs to."""
    value: str = row.values.get("value", name_of(row)[0])
    return value


def name_of(row: Row) -> tuple[str, str]:
    """Returns a scope's name in the row's sort key and the digits of the row's commit."""
    name, _, written = row.sort.rpartition(_SEPARATOR)
    return name, written


def until(value: str) -> str:
    """Returns the prefix of the sort keys of all rows of a scope. The commit's digits follow it."""
    return f"{_name(value)}{_SEPARATOR}"


def _as_of(row: Row, sequence: int) -> Rollup:
    """Returns the row's rollup. Its flow counts only in the snapshot that wrote the row."""
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
    """Returns the value as used in a sort key.

    The value is hashed if it is too long or contains characters that sort keys reserve.
    """
    plain = all(
        " " <= character < LAST and not "\ud800" <= character <= "\udfff" for character in value
    )
    if plain and len(value.encode()) + len(_SEPARATOR) + _DIGITS <= SORT_BYTES:
        return value
    return _HASHED + hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()


def digits(sequence: int) -> str:
    """Returns a commit's sequence number as sort keys contain it."""
    return f"{sequence:0{_DIGITS}d}"
