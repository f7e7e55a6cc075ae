"""Commits a snapshot from the shards' records, and writes its rollups to the table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sre_findings.engine import aggregates
from sre_findings.engine.databases import bounded
from sre_findings.engine.duckdb import DuckDB
from sre_findings.model.errors import InspectorDisabled, Unreadable
from sre_findings.model.sla.ages import Ages
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.rollup import Rollup, Scope
from sre_findings.model.snapshots.shard_facts import ShardFacts
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.records import rollups as table_rollups
from sre_findings.store.records.table import Table
from sre_findings.store.snapshots.reader import Commit, Manifest, Snapshots
from sre_scanner.history.writer import HistoryWriter

MEMORY = "128MB"  # DuckDB's memory limit while it counts rollups


def commit(writer: HistoryWriter, now: Callable[[], datetime]) -> Commit:
    """Commits what the shards of the plan recorded, with the history that follows from it.

    Raises Unreadable if nothing at all was read, and CommitLost if another scan committed first.
    """
    snapshots, plan = writer.snapshots, writer.plan
    records = [snapshots.read_shard(plan.snapshot_id, shard.name) for shard in plan.shards]
    facts = tuple(record for record in records if record is not None)
    _refuse_nothing(facts)
    certificate = judge(plan, facts)
    history, notes = writer.write(facts, certificate, now())
    proven = replace(certificate, warnings=(*certificate.warnings, *notes))
    return snapshots.commit(Manifest(plan, facts, proven, history), now())


def _refuse_nothing(facts: tuple[ShardFacts, ...]) -> None:
    """Refuses a snapshot without data, which would only hide the previous one."""
    if not any(f.findings and f.findings.pages for f in facts):
        why = next(
            (one.detail for f in facts for one in (f.status, f.findings) if one and one.detail), ""
        )
        raise Unreadable("nothing could be read", why=why or "no shard has a record")
    states = {(a.account_id, f.region): a.status for f in facts for a in f.accounts}
    if (
        states
        and not any(f.distinct for f in facts)
        and all(state == "DISABLED" for state in states.values())
    ):
        where = ", ".join(f"{account} {region}" for account, region in sorted(states))
        do = "Enable it: aws inspector2 enable --resource-types EC2 ECR LAMBDA."
        raise InspectorDisabled("Inspector is disabled", why=where, do=do)


def roll_up(snapshots: Snapshots, table: Table, *, every: bool = False) -> int:
    """Writes the rollups of all commits that have none, oldest first.

    They are exactly what each commit contains: a scope that it did not read has no findings in it,
    and the commit's gaps say so. Nothing is carried over from an earlier commit.

    This also repairs a scan that died before this step. With ``every``, counts and writes the
    rollups of all commits again. Returns the number of rows written.
    """
    commits = snapshots.commits()
    behind = 0 if every else len(commits)
    while behind and not table_rollups.written(table, commits[behind - 1]):
        behind -= 1
    before = (
        count(snapshots, commits[behind - 1])
        if behind and behind < len(commits)
        else Totals({}, {})
    )
    written = 0
    for one in commits[behind:]:
        now = count(snapshots, one)
        written += table_rollups.write_ages(table, one, now.ages, before.ages)
        regions = {shard.region for shard in snapshots.manifest(one).plan.shards}
        written += table_rollups.write(table, one, now.rollups, before.rollups, regions)
        before = now
    return written


class Totals(NamedTuple):
    """The rollups and ages of a commit, by scope."""

    rollups: Mapping[Scope, Rollup]
    ages: Mapping[Scope, Ages]


def count(snapshots: Snapshots, one: Commit) -> Totals:
    """Counts the rollups and ages of every scope from the commit's own parts."""
    with tempfile.TemporaryDirectory(prefix="sre-rollups-") as folder:
        engine = DuckDB(snapshots, [one], Copies(Path(folder)), room=bounded(MEMORY, Path(folder)))
        return Totals(aggregates.rollups(engine), aggregates.ages(engine))
