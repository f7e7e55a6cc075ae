"""What pruning keeps and what it removes, a line a snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from sre_cli.plain_rows import render_rows
from sre_cli.table import Column
from sre_findings.model.findings.finding import iso
from sre_findings.model.snapshots.retention import Fate
from sre_findings.store.pruning import Tombstone

_PRUNED = (Column("Snapshot"), Column("Pruned"), Column("Why", floor=20))
_COLUMNS = (Column("Snapshot"), Column("Fate"), Column("Why", floor=20))


def render_fates(fates: Iterable[Fate], output: str) -> str:
    """The newest first."""
    rows = [
        {"snapshot": one.snapshot_id, "fate": "kept" if one.kept else "pruned", "why": one.why}
        for one in fates
    ]
    return render_rows(rows[::-1], _COLUMNS, output)


def render_pruned(stones: Iterable[Tombstone], output: str) -> str:
    """What was pruned, the newest first."""
    rows = [
        {"snapshot": one.snapshot_id, "pruned": iso(one.pruned_at), "why": one.why}
        for one in stones
    ]
    return render_rows(rows[::-1], _PRUNED, output)
