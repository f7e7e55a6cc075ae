"""Snapshots as they were at one moment: whoever commits meanwhile changes no answer that goes page
by page."""

from __future__ import annotations

from dataclasses import dataclass

from sre_findings.store.snapshots.reader import Commit, Manifest, Snapshots


@dataclass(frozen=True, slots=True)
class PinnedSnapshots(Snapshots):
    """The snapshots of ``inner`` up to ``last``; what ``inner`` keeps from a caller stays kept."""

    inner: Snapshots
    last: Commit

    def commits(self) -> list[Commit]:
        """See Snapshots; nothing after ``last``."""
        return [one for one in self.inner.commits() if one.sequence <= self.last.sequence]

    def latest(self) -> Commit | None:
        """``last``."""
        return self.last

    def manifest(self, commit: Commit) -> Manifest:
        """See Snapshots."""
        return self.inner.manifest(commit)
