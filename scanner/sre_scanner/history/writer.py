"""Writes the history of a snapshot: details of vulnerabilities, and the life of findings by region.

It reads the parts of this snapshot and of the newest earlier snapshot with a history, and adds its
own parts before the commit.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.regions import partition_of
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.scan_plan import Plan
from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
from sre_findings.store.schema.tables import HISTORY, VULNERABILITIES
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.history.lifecycle import Night, history_tables
from sre_scanner.history.vulnerabilities import Enrichment, enrich, samples
from sre_scanner.memory import release_memory
from sre_scanner.tables.parts import writing

_BEFORE = ("states", "cells", "findings", "packages")


@dataclass(frozen=True, slots=True)
class HistoryWriter:
    """Writes a snapshot's history with the store, the plan and the clients for Inspector."""

    snapshots: SnapshotWriter
    plan: Plan
    inspectors: Callable[[str], Inspector]

    def write(
        self, facts: Iterable[ShardFacts], certificate: Certificate, now: datetime
    ) -> tuple[tuple[Part, ...], tuple[str, ...]]:
        """Writes and returns the parts of the history, with warnings for the completeness check."""
        whole = [
            one for one in facts if any(part.key.startswith("findings/") for part in one.parts)
        ]
        commits = self.snapshots.commits()
        with tempfile.TemporaryDirectory(prefix="sre-history-") as name:
            folder = Path(name)
            enrichment = self._enrich(whole, commits, folder, now)
            looked_up = self._part(
                "vulnerabilities/part-00000.parquet",
                VULNERABILITIES,
                [_vulnerabilities(self.plan, enrichment)],
            )
            notes = tuple(enrichment.notes)
            del enrichment  # 20,000 vulnerabilities take 80 MB
            release_memory()
            paths = [
                self.snapshots.fetch(self.plan.snapshot_id, part, folder) for part in looked_up
            ]
            lived = [
                part
                for one in whole
                for part in self._region(one, certificate, commits, paths, folder)
            ]
        return (*looked_up, *lived), notes

    def _enrich(
        self, facts: Iterable[ShardFacts], commits: list[Commit], folder: Path, now: datetime
    ) -> Enrichment:
        parts = ((one.region, self._paths(one, "findings", folder)) for one in facts)
        wanted = [sample for region, paths in parts for sample in samples(paths, region)]
        known = {row["vulnerability_id"]: row for row in self._known(commits, folder)}
        return enrich(wanted, known, self.inspectors, now)

    def _known(self, commits: list[Commit], folder: Path) -> list[dict[str, Any]]:
        """Returns the vulnerabilities in the newest snapshot that has any."""
        for commit in reversed(commits):
            parts = [
                part
                for part in self.snapshots.manifest(commit).parts
                if part.key.startswith("vulnerabilities/")
            ]
            if parts:
                tables = [
                    pq.read_table(self.snapshots.part(commit, part, folder)) for part in parts
                ]
                rows: list[dict[str, Any]] = (
                    pa.concat_tables(tables).drop_columns(["snapshot_id"]).to_pylist()
                )
                return rows
        return []

    def _region(
        self,
        facts: ShardFacts,
        certificate: Certificate,
        commits: list[Commit],
        vulnerabilities: list[Path],
        folder: Path,
    ) -> Iterator[Part]:
        tonight = {
            name: self._paths(facts, name, folder)
            for name in ("findings", "packages", "coverage", "resources")
        }
        night = Night(
            snapshot_id=self.plan.snapshot_id,
            at=datetime.fromisoformat(self.plan.created_at),
            partition=partition_of(facts.region),
            region=facts.region,
            cells=[
                (c.account_id, c.resource_type, c.scan_type, s)
                for c, s in certificate.cells.items()
                if c.region == facts.region
            ],
            parts=tonight,
            before=self._before(facts, commits, folder),
            vulnerabilities=vulnerabilities,
            closed=self._paths(facts, "closed", folder),
        )
        for name, tables in history_tables(night, folder):
            yield from self._part(f"{name}/part-{facts.shard}.parquet", HISTORY[name], tables)

    def _before(
        self, facts: ShardFacts, commits: list[Commit], folder: Path
    ) -> dict[str, list[Path]]:
        """Returns the parts of the same shard in the newest snapshot with a history for it."""
        known = self.snapshots.last_known(facts.shard, commits)
        if known is None:
            return {}
        commit, parts = known
        return {
            name: [
                self.snapshots.part(commit, part, folder)
                for part in parts
                if part.key.startswith(f"{name}/")
            ]
            for name in _BEFORE
        }

    def _paths(self, facts: ShardFacts, table: str, folder: Path) -> list[Path]:
        parts = [part for part in facts.parts if part.key.startswith(f"{table}/")]
        return [self.snapshots.fetch(self.plan.snapshot_id, part, folder) for part in parts]

    def _part(self, key: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> tuple[Part, ...]:
        with writing(self.snapshots.blobs, self.plan.snapshot_id, key, schema) as writer:
            for table in tables:
                writer.write(table)
                pa.default_memory_pool().release_unused()
        return (writer.part,)


def _vulnerabilities(plan: Plan, enrichment: Enrichment) -> pa.Table:
    return pa.Table.from_pylist(
        [{"snapshot_id": plan.snapshot_id, **row} for row in enrichment.rows], VULNERABILITIES
    )
