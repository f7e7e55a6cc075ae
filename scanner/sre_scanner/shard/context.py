"""What all shards of a scan share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sre_findings.model.errors import Interrupted
from sre_findings.model.resources.owners import Owners
from sre_findings.model.snapshots.scan_plan import Plan
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.progress import Progress


@dataclass(frozen=True, slots=True)
class ScanContext:
    """What all shards of a scan share. Setting ``stop`` ends each of them at its next page."""

    plan: Plan
    snapshots: SnapshotWriter
    owners: Owners
    progress: Progress
    stop: threading.Event
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def checked(self, pages: Iterable[Any]) -> Iterator[Any]:
        """Yields the pages. Raises Interrupted once the scan has been stopped."""
        for page in pages:
            if self.stop.is_set():
                raise Interrupted
            yield page
