"""Snapshots as they were at one moment: whoever commits meanwhile changes no answer that goes page by page."""

from __future__ import annotations

from dataclasses import dataclass

from sre_findings.store.snapshots import Commit, Snapshots


@dataclass(frozen=True, slots=True)
class Pinned(Snapshots):
    """The snapshots of a store up to ``last``."""

    last: Commit

    def commits(self) -> list[Commit]:
        """See Snapshots; nothing after ``last``."""
        return [one for one in Snapshots.commits(self) if one.sequence <= self.last.sequence]

    def latest(self) -> Commit | None:
        """``last``."""
        return self.last
