"""A store into which the nights of a world are scanned, by the real scanner."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from tests.worlds.inspector import Inspector
from tests.worlds.world import World

import sre_scanner.scan
from sre_findings.inspector.listing import Inspector as Listings
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.errors import SreError, StoreUnreadable
from sre_findings.sources.sources import LiveSources, Sources
from sre_findings.sources.stores import Stores
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit, Snapshots
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan

_MEMORY = Path("/dev/shm")


class Died(BaseException):
    """The process dies. Nothing may catch it."""


class House:
    """A store in memory, its table, and the sources of answers from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshots = SnapshotWriter(FolderBlobs(folder / "store"))
        self.table = SqliteTable(folder / "store" / "table.db")
        self.now = datetime.now().astimezone()

    def sources(self, inspector: Inspector | None = None) -> Sources:
        """The sources of answers, with the live Inspector of a night if it is given."""

        def opened(region: str) -> Listings:
            assert inspector is not None
            return Listings(inspector.connect(region), RateLimit(1e9), Patience(deadline=0.0))

        regions = inspector.world.regions if inspector else ()
        asked = live(opened, lambda: regions, lambda: self.now) if inspector else None
        stores = Stores(
            Snapshots(FolderBlobs(self.folder / "store")), self.table, self.folder / "copies"
        )
        return Sources(stores, LiveSources(asked), now=lambda: self.now)

    def scan(self, world: World, inspector: Inspector) -> Commit | None:
        """Scans a night. Returns its commit, or None if there is none."""
        regions = [one for one in world.regions if not inspector.happens("unplanned", one)]
        if not regions or inspector.happens("missed"):
            return None
        self.now = inspector.now + timedelta(minutes=20)
        required = regions if world.required else ()
        request = Request(regions, required=required, rate=1e9, deadline=0.0)
        with mock.patch.object(sre_scanner.scan, "connect", inspector.connect):
            try:
                return scan(request, self._writer(inspector), self.table, now=lambda: inspector.now)
            except (SreError, Died):
                latest = self.snapshots.latest()  # it may have died after its commit
                return latest if latest and latest.started_at == inspector.now else None

    def _writer(self, inspector: Inspector) -> SnapshotWriter:
        for trouble in inspector.happens("store"):
            how, k = trouble.split()
            return SnapshotWriter(_Failing(self.folder / "store", int(k), dies=how == "dies"))
        return self.snapshots


class _Failing(FolderBlobs):
    """A folder whose k-th operation fails, or is the last of its process."""

    def __init__(self, folder: Path, k: int, *, dies: bool) -> None:
        super().__init__(folder)
        self._left, self._dies = k, dies

    def _count(self) -> None:
        self._left -= 1
        if self._left <= 0 and self._dies:
            raise Died
        if self._left == 0:
            raise StoreUnreadable("cannot reach the store", do="Try again.")

    def read(self, key: str) -> bytes:
        self._count()
        return super().read(key)

    @contextmanager
    def write(self, key: str, served: Any = None, *, once: bool = False) -> Iterator[Any]:
        self._count()
        with super().write(key, served, once=once) as file:
            yield file

    def keys(self, prefix: str) -> Iterator[str]:
        self._count()
        return super().keys(prefix)

    def fetch(self, key: str, to: Path, size: int | None = None) -> Path:
        self._count()
        return super().fetch(key, to, size)

    def delete(self, key: str) -> None:
        self._count()
        super().delete(key)


@contextmanager
def house() -> Iterator[House]:
    """A store that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="world-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield House(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
