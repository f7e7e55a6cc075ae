"""The stores that answers are read from: snapshots, the table, and copies of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sre_findings.store.access_views import SeenSnapshots, SeenTable
from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.reader import Commit, Snapshots

if TYPE_CHECKING:
    from sre_findings.engine.catalogue import Engine
    from sre_findings.model.access import Access


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores, and the engine that runs queries on snapshots.

    ``copies`` is the folder for copies of files from buckets, with at most ``copies_size`` bytes,
    or the default size for None. ``engine`` is the value of SRE_ENGINE.
    """

    snapshots: Snapshots
    table: Table
    copies: Path
    copies_size: int | None = None
    engine: str = "duckdb"

    def seen_by(self, access: Access) -> Stores:
        """The same stores, reduced to what an access allows."""
        snapshots = SeenSnapshots(self.snapshots.blobs, access, key=self.snapshots.key)
        return replace(self, snapshots=snapshots, table=SeenTable(self.table, access))

    def pinned(self, commit: Commit) -> Stores:
        """The same stores, without the snapshots after this commit."""
        from sre_findings.sources.pinned_snapshots import PinnedSnapshots

        return replace(
            self, snapshots=PinnedSnapshots(self.snapshots.blobs, self.snapshots, commit)
        )

    def open(self, commits: Sequence[Commit], access: Access) -> Engine:
        """A new engine over the snapshots, which returns only rows that the access allows."""
        from sre_findings.engine.factory import open_engine
        from sre_findings.store.objects.part_cache import Copies

        whole, copies = Snapshots(self.snapshots.blobs), Copies(self.copies, self.copies_size)
        return open_engine(self.engine, whole, commits, copies, access)
