"""Checks that a snapshot's history adds up in every cell.

The equation is open(n) = open(n-1) + opened + reopened - resolved. ``open`` counts every finding on
every resource that is not resolved, including suppressed ones. A cell that was not read keeps the
numbers of its last complete snapshot, so the equation holds there too. Findings seen in this
snapshot are also counted in ``findings``, and both counts must agree.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sre_findings.store.snapshots.reader import Commit, Snapshots

if TYPE_CHECKING:
    import pyarrow as pa

    from sre_findings.model.snapshots.shard_facts import Part

_PLACE = ("account_id", "resource_type", "type")
_MOVES = ("opened", "reopened", "resolved")
_SCAN_TYPES = {"NETWORK_REACHABILITY": "NETWORK", "CODE_VULNERABILITY": "CODE"}


class Cell(NamedTuple):
    """An account's resources of one type, and their scan type. The shard determines the region."""

    account_id: str
    resource_type: str
    scan_type: str


Counts = Counter[Cell]


def unbalanced(snapshots: Snapshots, commit: Commit) -> Iterator[tuple[str, str]]:
    """Yields each part of ``states`` whose numbers do not add up, with the cell and the numbers.

    The first snapshot of a region has no predecessor to compare with, and neither has a
    snapshot whose predecessor was pruned. Raises StoreUnreadable if a file cannot be read.
    """
    manifest = snapshots.manifest(commit)
    older = [one for one in snapshots.commits() if one.sequence < commit.sequence]
    with tempfile.TemporaryDirectory(prefix="sre-verify-") as name:
        for states in (part for part in manifest.history if part.key.startswith("states/")):
            here = _Shard(
                snapshots,
                commit,
                tuple(part for part in manifest.parts if part.shard == states.shard),
                Path(name),
            )
            known = snapshots.last_known(states.shard, older)
            before = _Shard(snapshots, *known, Path(name)).open() if known else Counter()
            moves = here.moves() if known or not here.has_past() else None
            yield from ((states.key, why) for why in _wrong(before, here, moves))


def _wrong(before: Counts, here: _Shard, moves: dict[str, Counts] | None) -> Iterator[str]:
    now, seen, found = here.open(), here.seen(), here.found()
    for cell in sorted(now.keys() | seen.keys() | found.keys() | before.keys() | _cells_of(moves)):
        where = f"{cell.account_id} {cell.resource_type} {cell.scan_type}"
        if moves is not None:
            opened, reopened, resolved = (moves[kind][cell] for kind in _MOVES)
            if before[cell] + opened + reopened - resolved != now[cell]:
                text = (
                    f"{before[cell]:,} open before + {opened:,} opened + {reopened:,} reopened"
                    f" - {resolved:,} resolved"
                )
                yield f"{where}: {text} is not {now[cell]:,} open now"
        if seen[cell] != found[cell]:
            yield (
                f"{where}: {seen[cell]:,} findings in the history, {found[cell]:,} among the"
                " findings"
            )


def _cells_of(moves: dict[str, Counts] | None) -> set[Cell]:
    return {cell for counts in (moves or {}).values() for cell in counts}


class _Shard(NamedTuple):
    """The parts of one shard of one snapshot, and a folder for downloaded files."""

    snapshots: Snapshots
    commit: Commit
    parts: tuple[Part, ...]
    folder: Path

    def open(self) -> Counts:
        """Counts the findings that are not resolved."""
        return _count(row for row in self._rows("states", "status") if row["status"] != "resolved")

    def seen(self) -> Counts:
        """Counts the findings that the history saw in this snapshot."""
        began = self.commit.started_at
        rows = self._rows("states", "status", "last_seen_at")
        return _count(
            row for row in rows if row["status"] != "resolved" and row["last_seen_at"] == began
        )

    def has_past(self) -> bool:
        """Returns whether the history contains an earlier snapshot."""
        return any(
            row["first_seen_at"] < self.commit.started_at
            for row in self._rows("states", "first_seen_at")
        )

    def found(self) -> Counts:
        """Counts the rows of ``findings`` that are not closed."""
        return _count(row for row in self._rows("findings", "status") if row["status"] != "CLOSED")

    def moves(self) -> dict[str, Counts]:
        """Counts the events of each kind that changes the number of open findings."""
        rows = list(self._rows("events", "kind"))
        return {kind: _count(row for row in rows if row["kind"] == kind) for kind in _MOVES}

    def _rows(self, table: str, *columns: str) -> Iterator[dict[str, Any]]:
        """Yields the number of rows for each combination of place and the given columns."""
        import pyarrow.parquet as pq

        names = [*_PLACE, *columns]
        for part in self.parts:
            if part.key.startswith(f"{table}/"):
                path = self.snapshots.part(self.commit, part, self.folder)
                for group in range(pq.ParquetFile(path).num_row_groups):
                    yield from _grouped(
                        pq.ParquetFile(path).read_row_group(group, columns=names), names
                    )


def _grouped(rows: pa.Table, names: list[str]) -> list[dict[str, Any]]:
    import pyarrow as pa

    plain = pa.table({name: _plain(rows[name]) for name in names})
    grouped: list[dict[str, Any]] = plain.group_by(names).aggregate([([], "count_all")]).to_pylist()
    return grouped


def _plain(column: Any) -> Any:
    """Returns the column with dictionaries decoded, because they cannot be grouped."""
    import pyarrow as pa

    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _count(rows: Iterable[dict[str, Any]]) -> Counts:
    counts: Counts = Counter()
    for row in rows:
        scan_type = _SCAN_TYPES.get(row["type"] or "", "PACKAGE")
        counts[Cell(row["account_id"] or "", row["resource_type"] or "", scan_type)] += row[
            "count_all"
        ]
    return counts
