"""Snapshots pinned at one time, so that newer ones do not change an answer between its pages."""

from __future__ import annotations

from dataclasses import dataclass

from sre_findings.store.snapshots.reader import Commit, Manifest, Snapshots


@dataclass(frozen=True, slots=True)
class PinnedSnapshots(Snapshots):
    """The snapshots of ``inner`` up to ``last``, with the access limits of ``inner``."""

    inner: Snapshots
    last: Commit

    def commits(self) -> list[Commit]:
        """See Snapshots. Nothing after ``last`` is included."""
        earlier = (one for one in self.inner.commits() if one.sequence < self.last.sequence)
        return [*earlier, self.last]

    def latest(self) -> Commit | None:
        """The pinned snapshot, ``last``."""
        return self.last

    def manifest(self, commit: Commit) -> Manifest:
        """See Snapshots."""
        return self.inner.manifest(commit)
