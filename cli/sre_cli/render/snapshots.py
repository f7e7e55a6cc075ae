"""Snapshots as text: the result of a scan, the list of snapshots, and the result of pruning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sre_cli.render.records import render_records
from sre_cli.render.sentences import text_of
from sre_cli.render.table import Column, lines
from sre_cli.render.terminal import printable
from sre_findings.model.snapshots.freshness import age
from sre_findings.model.snapshots.states import COMPLETE
from sre_findings.model.timestamps import iso
from sre_reports import wording

if TYPE_CHECKING:
    from sre_findings.model.snapshots.retention import Fate
    from sre_findings.store.snapshots.pruning import Tombstone
    from sre_findings.store.snapshots.reader import Commit
    from sre_reports.formats.answers import Snapshot


def _state_style(state: str) -> str:
    return "good" if state == COMPLETE else "warn"


_SNAPSHOTS = (
    Column("Snapshot"),
    Column("Age", right=True),
    Column("State", style=_state_style),
    Column("Findings", right=True),
    Column("Resources covered", right=True, drop=1),
    Column("Scope or reason", floor=12),
)
_FATES = (Column("Snapshot"), Column("Fate"), Column("Why", floor=20))
_PRUNED = (Column("Snapshot"), Column("Pruned"), Column("Why", floor=20))


def render_commit(commit: Commit) -> str:
    """Returns the result of a scan.

    One line has the id, state, number of findings and duration. Each reason why the snapshot is
    partial follows on a line.
    """
    seconds = (commit.ended_at - commit.started_at).total_seconds()
    claim = f"{commit.state} {commit.claim}" if not commit.reasons else commit.state
    findings = wording.number(commit.totals["distinct"], "finding")
    head = f"{commit.snapshot_id}  {claim}  {findings}  {seconds:.1f} s"
    return "\n".join([head, *(f"  - {printable(reason)}" for reason in commit.reasons)])


def render_snapshots(
    commits: Iterable[Snapshot], now: datetime, width: int | None, colour: int
) -> str:
    """Returns a table of snapshots, newest first. ``commits`` are ordered oldest first."""
    rows = [_snapshot(one, now) for one in commits]
    if not rows:
        return text_of(["There is no snapshot yet. Run: sre-cli scan."])
    return text_of(lines(_SNAPSHOTS, rows[::-1], width, colour))


def _snapshot(one: Snapshot, now: datetime) -> tuple[str, ...]:
    passed = age(one.started_at, now)
    old = "in the future" if passed is None else wording.age(int(passed.total_seconds()))
    findings, covered = (
        f"{one.totals[name]:,}" if name in one.totals else "–" for name in ("distinct", "covered")
    )
    scope = one.claim if one.state == COMPLETE else "; ".join(one.reasons)
    return (one.snapshot_id, old, one.state, findings, covered, scope)


def render_fates(fates: Iterable[Fate], output: str) -> str:
    """Returns what pruning would do to each snapshot, and why, newest first.

    ``fates`` are ordered oldest first.
    """
    rows = [
        {"snapshot": one.snapshot_id, "fate": "kept" if one.kept else "pruned", "why": one.why}
        for one in fates
    ]
    return render_records(rows[::-1], _FATES, output)


def render_pruned(tombstones: Iterable[Tombstone], output: str) -> str:
    """Returns the snapshots that were pruned, newest first.

    ``tombstones`` are ordered oldest first.
    """
    rows = [
        {"snapshot": one.snapshot_id, "pruned": iso(one.pruned_at), "why": one.why}
        for one in tombstones
    ]
    return render_records(rows[::-1], _PRUNED, output)
