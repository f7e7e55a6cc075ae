"""What all shards of a scan share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sre_findings.model.errors import Interrupted
from sre_findings.model.resources.owners import Owners
from sre_findings.model.snapshots.scan_plan import Plan
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.progress import Progress
from sre_scanner.shard.earlier_listings import EarlierListing


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What all shards of a scan share. Setting ``stop`` ends each of them at its next page.

    ``earlier`` has the listing of an earlier snapshot for each shard that has one.
    """

    plan: Plan
    snapshots: SnapshotWriter
    owners: Owners
    progress: Progress
    stop: threading.Event
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    earlier: Mapping[str, EarlierListing] = field(default_factory=dict)

    def checked(self, pages: Iterable[Any]) -> Iterator[Any]:
        """Yields the pages. Raises Interrupted once the scan has been stopped."""
        for page in pages:
            if self.stop.is_set():
                raise Interrupted
            yield page
