"""The sources of answers in tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.sources.cache import Caches
from sre_findings.sources.sources import LiveSources, Sources
from sre_findings.sources.stores import Stores
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

if TYPE_CHECKING:
    from sre_findings.engine.pool import EnginePool
    from sre_findings.sources.sources import AskContext, Live
    from sre_findings.store.records.table import Table
    from sre_findings.store.snapshots.reader import Snapshots


def make_sources(
    snapshots: Snapshots,
    table: Table,
    copies: Path,
    at: datetime | None = None,
    *,
    live: Live | None = None,
    context: AskContext | None = None,
    engines: EnginePool | None = None,
    **settings: Any,
) -> Sources:
    """The sources of these stores. The time is always ``at``; without it, the system's."""
    if at is not None:
        settings["now"] = lambda: at
    stores = Stores(snapshots, table, copies)
    return Sources(stores, LiveSources(live, context), caches=Caches(engines), **settings)


def folder_sources(
    folder: Path, copies: Path | None = None, at: datetime | None = None, **settings: Any
) -> Sources:
    """The sources of a folder that contains the snapshots and ``table.db``."""
    snapshots, table = SnapshotWriter(FolderBlobs(folder)), SqliteTable(folder / "table.db")
    return make_sources(snapshots, table, copies or folder / "copies", at, **settings)


def with_table(sources: Sources, table: Table) -> Sources:
    """The same sources with another table and empty caches."""
    return replace(sources, stores=replace(sources.stores, table=table), caches=Caches())
