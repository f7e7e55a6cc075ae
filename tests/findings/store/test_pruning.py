from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.mortal_blobs import Killed, MortalBlobs

from sre_findings.model.errors import UsageError
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.retention import Fate, Keep, fates
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.keys import parse, part_key
from sre_findings.store.snapshots.pruning import (
    GRACE,
    hold,
    holds,
    prune,
    release,
    sweep,
    tombstones,
)
from sre_findings.store.snapshots.reader import Manifest
from sre_findings.store.snapshots.signing import SigningKey
from sre_findings.store.snapshots.writer import SnapshotWriter

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=30)


def store(folder: Path, nights: int = 4, key: SigningKey | None = None) -> SnapshotWriter:
    snapshots = SnapshotWriter(FolderBlobs(folder), key=key)
    for night in range(nights):
        add_night(snapshots, night)
    return snapshots


def add_night(snapshots: SnapshotWriter, night: int) -> None:
    started = FIRST + timedelta(days=night)
    plan = Plan(
        snapshots.new_id(started),
        night + 1,
        started.isoformat(),
        ("ACTIVE",),
        (Shard("a", "a"),),
    )
    snapshots.write_plan(plan)
    for table in ("findings", "coverage"):
        snapshots.blobs.create(part_key(plan.snapshot_id, f"{table}/part-a.parquet"), b"a part")
    snapshots.commit(Manifest(plan, (), judge(plan, ())), started)


def ids(snapshots: SnapshotWriter) -> list[str]:
    return [one.snapshot_id for one in snapshots.commits()]


def doomed(snapshots: SnapshotWriter, keep: int = 1) -> Sequence[Fate]:
    return fates(snapshots.commits(), Keep(keep, 0, 0), holds(snapshots.blobs))


def files_of(snapshots: SnapshotWriter, snapshot_id: str) -> list[str]:
    return snapshots.files(snapshot_id)


def test_what_is_pruned_is_found_no_more_and_its_files_go_a_day_later(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    old, kept = ids(snapshots)[:3], ids(snapshots)[3:]
    assert list(prune(snapshots, doomed(snapshots), NOW)) == old
    assert ids(snapshots) == kept
    assert list(sweep(snapshots, NOW + GRACE - timedelta(seconds=1))) == []
    assert all(files_of(snapshots, one) for one in old)
    assert list(sweep(snapshots, NOW + GRACE)) == old
    assert not any(files_of(snapshots, one) for one in old)
    assert list(sweep(snapshots, NOW + 2 * GRACE)) == []
    assert [stone.snapshot_id for stone in tombstones(snapshots.blobs)] == old
    assert snapshots.manifest(snapshots.commits()[0]).plan.snapshot_id == kept[0]


def test_a_scan_does_not_take_pruned_files_for_those_of_a_dead_scan(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    list(prune(snapshots, doomed(snapshots), NOW))
    assert snapshots.leftovers(NOW) == []


def test_a_held_snapshot_stays_even_if_the_hold_came_after_the_plan(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    plan = doomed(snapshots)
    first = snapshots.commits()[0]
    hold(snapshots, first, "legal", "case 7", NOW)
    with pytest.raises(UsageError, match="held already"):
        hold(snapshots, first, "legal", "case 8", NOW)
    list(prune(snapshots, plan, NOW))
    assert first.snapshot_id in ids(snapshots)
    release(snapshots, first.snapshot_id)
    with pytest.raises(UsageError, match="not held"):
        release(snapshots, first.snapshot_id)
    assert list(prune(snapshots, doomed(snapshots), NOW)) == [first.snapshot_id]


# a tombstone and a commit for each of three snapshots, then the four files of each
CHANGES = 3 * 2 + 3 * 4


@pytest.mark.parametrize("changes", range(CHANGES + 1))
def test_killed_at_any_moment_nothing_broken_is_visible_and_the_next_run_ends_it(
    changes: int, tmp_path: Path
) -> None:
    snapshots = store(tmp_path)
    mortal = SnapshotWriter(MortalBlobs(tmp_path, changes))
    with pytest.raises(Killed) if changes < CHANGES else contextlib.nullcontext():
        list(prune(mortal, doomed(snapshots), NOW))
        list(sweep(mortal, NOW + GRACE))
    for commit in snapshots.commits():
        assert snapshots.manifest(commit).plan.snapshot_id == commit.snapshot_id
        assert files_of(snapshots, commit.snapshot_id)
    later = NOW + 3 * GRACE
    list(prune(snapshots, doomed(snapshots), later))
    list(sweep(snapshots, later + GRACE))
    assert len(ids(snapshots)) == 1
    left = {
        key.snapshot_id
        for name in snapshots.blobs.keys("")
        if (key := parse(name)) and key.kind in ("record", "part")
    }
    assert left == {*ids(snapshots)}


def test_a_commit_that_another_run_removed_meanwhile_is_passed_over(tmp_path: Path) -> None:
    snapshots = store(tmp_path)
    plan = doomed(snapshots)
    list(prune(snapshots, plan, NOW))
    assert list(prune(snapshots, plan, NOW)) == []
