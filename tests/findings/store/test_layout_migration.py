"""Converting a store of the first layout loses nothing if killed, and all queries keep working."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from tests.support.mortal_blobs import Killed, MortalBlobs

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
from sre_findings.store.objects.blobs import Blobs, FolderBlobs
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, BY_TABLE
from sre_findings.store.snapshots.layout_migration import convert, old_commits, tidy, waiting
from sre_findings.store.snapshots.pruning import GRACE, hold, prune, sweep
from sre_findings.store.snapshots.reader import STAMP, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_findings.store.urls import open_blobs

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=30)


def write_old(blobs: Blobs, nights: int = 2) -> SnapshotWriter:
    """Writes snapshots as in the first layout, whose commits do not record a layout."""
    snapshots = SnapshotWriter(blobs)
    for number in range(1, nights + 1):
        started = FIRST + timedelta(days=number)
        plan = Plan(
            started.strftime(STAMP), number, started.isoformat(), ("ACTIVE",), (Shard("a", "a"),)
        )
        parts = tuple(
            _old_part(blobs, plan.snapshot_id, table, number) for table in ("findings", "coverage")
        )
        facts = ShardFacts("a", "a", started.isoformat(), parts=parts)
        commit = snapshots.commit(Manifest(plan, (facts,), judge(plan, (facts,))), started)
        blobs.create(
            keys.plan_key(plan.snapshot_id, BY_SNAPSHOT), json.dumps(plan.to_json()).encode()
        )
        blobs.create(
            keys.shard_key(plan.snapshot_id, "a", BY_SNAPSHOT), json.dumps(facts.to_json()).encode()
        )
        blobs.create(
            keys.manifest_key(plan.snapshot_id, BY_SNAPSHOT),
            blobs.read(keys.manifest_key(plan.snapshot_id)),
        )
        blobs.delete(keys.manifest_key(plan.snapshot_id))
        values = {name: value for name, value in commit.to_json().items() if name != "layout"}
        with blobs.write(keys.commit_key(number)) as file:
            file.write(json.dumps(values).encode())
    return snapshots


def _old_part(blobs: Blobs, snapshot_id: str, table: str, number: int) -> Part:
    body, name = f"{table} {number}".encode(), f"{table}/part-a.parquet"
    blobs.create(keys.part_key(snapshot_id, name, BY_SNAPSHOT), body)
    return Part(name, 1, len(body), hashlib.sha256(body).hexdigest())


def layouts(snapshots: SnapshotWriter) -> list[int]:
    return [one.layout for one in snapshots.commits()]


def whole(snapshots: SnapshotWriter) -> bool:
    """Returns whether every file of every visible snapshot has its committed content."""
    return all(
        why is None for commit in snapshots.commits() for _, why in verify(snapshots, commit)
    )


def convert_all(snapshots: SnapshotWriter, now: datetime = NOW) -> None:
    for commit in old_commits(snapshots):
        convert(snapshots, commit, now)
    list(tidy(snapshots, now))


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path)
    request.getfixturevalue("aws")
    boto3.client("s3").create_bucket(
        Bucket="store", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return open_blobs("s3://store/deep")


def test_a_converted_snapshot_has_its_tables_first_and_says_the_same(blobs: Blobs) -> None:
    snapshots = write_old(blobs)
    before, manifests = (
        snapshots.commits(),
        [snapshots.manifest(one) for one in snapshots.commits()],
    )
    assert (layouts(snapshots), whole(snapshots)) == ([BY_SNAPSHOT] * 2, True)
    convert_all(snapshots)
    assert snapshots.commits() == [replace(one, layout=BY_TABLE) for one in before]
    assert [snapshots.manifest(one) for one in snapshots.commits()] == manifests
    assert whole(snapshots)
    assert (
        blobs.read(f"tables/findings/snapshot_id={before[0].snapshot_id}/part-a.parquet")
        == b"findings 1"
    )
    assert [one.snapshot_id for one in waiting(snapshots)] == [one.snapshot_id for one in before]
    assert [*tidy(snapshots, NOW + GRACE - timedelta(seconds=1))] == []
    assert [*tidy(snapshots, NOW + GRACE)] == [one.snapshot_id for one in before]
    read = [keys.parse(key) for key in blobs.keys("")]
    assert all(key is not None and key.layout == BY_TABLE for key in read)
    assert {key.file for key in read if key and key.kind == "record"} == {
        "plan.json",
        "manifest.json",
        "shards/a.json",
    }
    assert whole(snapshots)


def test_whoever_has_a_snapshot_open_reads_on(tmp_path: Path) -> None:
    snapshots = write_old(FolderBlobs(tmp_path))
    old = snapshots.commits()[0]
    convert_all(snapshots)
    assert [why for _, why in verify(snapshots, old)] == [None] * 3


# five files, the marker and the commit of each; then the five old files and the marker
CHANGES = 2 * 7 + 2 * 6


@pytest.mark.parametrize("changes", range(CHANGES + 1))
def test_killed_at_any_moment_every_snapshot_is_whole_and_the_next_run_ends_it(
    changes: int, tmp_path: Path
) -> None:
    snapshots = write_old(FolderBlobs(tmp_path))
    mortal = SnapshotWriter(MortalBlobs(tmp_path, changes))
    with pytest.raises(Killed) if changes < CHANGES else contextlib.nullcontext():
        convert_all(mortal)
        list(tidy(mortal, NOW + GRACE))
    assert len(snapshots.commits()) == 2
    assert whole(snapshots)
    assert snapshots.leftovers(NOW + 9 * GRACE) == []
    convert_all(snapshots, NOW + 2 * GRACE)
    list(tidy(snapshots, NOW + 3 * GRACE))
    assert (layouts(snapshots), whole(snapshots), waiting(snapshots)) == ([BY_TABLE] * 2, True, [])
    read = [keys.parse(key) for key in snapshots.blobs.keys("")]
    assert {key.layout for key in read if key} == {BY_TABLE}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    snapshots = write_old(FolderBlobs(tmp_path))
    convert_all(snapshots)
    before = {key: snapshots.blobs.read(key) for key in snapshots.blobs.keys("")}
    convert_all(snapshots)
    assert {key: snapshots.blobs.read(key) for key in snapshots.blobs.keys("")} == before


def test_a_damaged_snapshot_stays_as_it_is(tmp_path: Path) -> None:
    snapshots = write_old(FolderBlobs(tmp_path))
    commit = snapshots.commits()[0]
    gone = keys.part_key(commit.snapshot_id, "coverage/part-a.parquet", BY_SNAPSHOT)
    snapshots.blobs.delete(gone)
    with pytest.raises(
        StoreUnreadable,
        match=f"snapshot {commit.snapshot_id} is damaged: {gone} is gone. Run: sre-cli snap",
    ):
        convert(snapshots, commit, NOW)
    assert snapshots.commits()[0] == commit


def test_of_a_held_snapshot_nothing_is_removed(tmp_path: Path) -> None:
    snapshots = write_old(FolderBlobs(tmp_path))
    held = snapshots.commits()[0]
    hold(snapshots, held, "legal", "case 7", NOW)
    convert_all(snapshots)
    assert held.snapshot_id not in [*tidy(snapshots, NOW + GRACE)]
    assert snapshots.blobs.read(
        keys.part_key(held.snapshot_id, "findings/part-a.parquet", BY_SNAPSHOT)
    )


def test_a_snapshot_of_either_layout_is_pruned_with_all_its_files(tmp_path: Path) -> None:
    from sre_findings.model.snapshots.retention import Keep, fates

    snapshots = write_old(FolderBlobs(tmp_path), nights=3)
    convert(snapshots, snapshots.commits()[0], NOW)
    list(prune(snapshots, fates(snapshots.commits(), Keep(1, 0, 0), {}), NOW))
    list(sweep(snapshots, NOW + GRACE))
    (kept,) = snapshots.commits()
    left = {
        key.snapshot_id
        for name in snapshots.blobs.keys("")
        if (key := keys.parse(name)) and key.kind in ("record", "part")
    }
    assert left == {kept.snapshot_id}
    assert whole(snapshots)


def test_files_of_a_dead_scan_in_the_first_layout_are_leftovers_too(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    snapshots = write_old(blobs)
    blobs.create(keys.plan_key("20261001T010000Z", BY_SNAPSHOT), b"{}")
    blobs.create(keys.part_key("20261001T010000Z", "findings/part-a.parquet", BY_SNAPSHOT), b"")
    assert snapshots.leftovers(NOW) == ["20261001T010000Z"]
    snapshots.discard("20261001T010000Z")
    assert snapshots.leftovers(NOW) == []
    assert whole(snapshots)
