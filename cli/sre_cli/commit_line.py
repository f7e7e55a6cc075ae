"""A scan's outcome in one or a few lines."""

from __future__ import annotations

from sre_cli.terminal import printable
from sre_findings.store.snapshots import Commit


def render_commit(commit: Commit) -> str:
    """``20261122T010000Z  complete of the accounts visible  6,012 findings  1.4 s``; then why,
    where it is partial."""
    seconds = (commit.ended_at - commit.started_at).total_seconds()
    claim = f"{commit.state} {commit.claim}" if not commit.reasons else commit.state
    head = f"{commit.snapshot_id}  {claim}  {commit.totals['distinct']:,} findings  {seconds:.1f} s"
    return "\n".join([head, *(f"  - {printable(reason)}" for reason in commit.reasons)])
