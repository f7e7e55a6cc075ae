"""SnapshotWriter: only committed data is visible, and changes to committed data are detected."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.errors import CommitLost, StoreUnreadable
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import AccountStatus, Listing, Part, ShardFacts
from sre_findings.store.objects.blobs import Blobs, FolderBlobs
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.keys import commit_key, manifest_key, parse, part_key
from sre_findings.store.snapshots.reader import SCHEMA, Commit, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
BODY = b"a part"


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "store")


@pytest.fixture
def snapshots(blobs: FolderBlobs) -> SnapshotWriter:
    return SnapshotWriter(blobs)


def plan_of(
    snapshot_id: str = "20261122T010000Z", sequence: int = 1, started: datetime = NOW
) -> Plan:
    return Plan(
        snapshot_id, sequence, started.isoformat(), ("ACTIVE",), (Shard("eu-west-1", "eu-west-1"),)
    )


def facts_of(**changes: Any) -> ShardFacts:
    whole = ShardFacts(
        shard="eu-west-1",
        region="eu-west-1",
        started_at=NOW.isoformat(),
        ended_at=NOW.isoformat(),
        findings=Listing("ended", pages=1),
        coverage=Listing("ended", pages=1),
        status=Listing("ended", pages=1),
        accounts=(AccountStatus("1", "DISABLED", {}),),
        parts=(
            Part(
                "findings/part-eu-west-1-00000.parquet",
                0,
                len(BODY),
                hashlib.sha256(BODY).hexdigest(),
            ),
        ),
        aggregated=({"all": 0},),
    )
    return replace(whole, **changes)


def write_all(snapshots: SnapshotWriter, plan: Plan, facts: ShardFacts) -> Manifest:
    """Writes all files of a snapshot except the commit."""
    snapshots.write_plan(plan)
    for part in facts.parts:
        with snapshots.blobs.write(part_key(plan.snapshot_id, part.key)) as file:
            file.write(BODY)
    snapshots.write_shard(plan.snapshot_id, facts)
    return Manifest(plan, (facts,), judge(plan, (facts,)))


def committed(snapshots: SnapshotWriter, **plan: Any) -> Commit:
    return snapshots.commit(
        write_all(snapshots, plan_of(**plan), facts_of()), NOW + timedelta(minutes=5)
    )


def test_nothing_is_visible_before_its_commit(
    snapshots: SnapshotWriter, blobs: FolderBlobs
) -> None:
    manifest = write_all(snapshots, plan_of(), facts_of())
    assert (snapshots.commits(), snapshots.latest()) == ([], None)
    assert len(list(blobs.keys(""))) == 3
    commit = snapshots.commit(manifest, NOW)
    assert (snapshots.commits(), snapshots.latest()) == ([commit], commit)


def test_a_commit_says_what_the_certificate_proved(snapshots: SnapshotWriter) -> None:
    commit = committed(snapshots, sequence=41)
    assert (commit.sequence, commit.snapshot_id, commit.state) == (
        41,
        "20261122T010000Z",
        "complete",
    )
    assert (commit.started_at, commit.ended_at) == (NOW, NOW + timedelta(minutes=5))
    assert ("1", "eu-west-1", "AWS_EC2_INSTANCE", "PACKAGE", "disabled", "never") in commit.gaps
    assert commit.totals["pages"] == 3
    assert snapshots.latest() == commit
    assert Commit.from_json(json.loads(json.dumps(commit.to_json()))) == commit


def test_a_manifest_comes_back_as_it_was_committed(snapshots: SnapshotWriter) -> None:
    manifest = write_all(
        snapshots, plan_of(), facts_of(notes=("a note",), unknown={"finding.x": 1})
    )
    commit = snapshots.commit(manifest, NOW)
    again = snapshots.manifest(commit)
    assert again == manifest
    assert [part.key for part in again.parts] == ["findings/part-eu-west-1-00000.parquet"]
    assert [(key, wrong) for key, wrong in verify(snapshots, commit)] == [
        ("manifest.json", None),
        ("findings/part-eu-west-1-00000.parquet", None),
    ]


def test_the_second_commit_of_one_sequence_loses_and_changes_nothing_visible(
    snapshots: SnapshotWriter,
) -> None:
    first = committed(snapshots)
    other = write_all(snapshots, plan_of("20261122T010001Z"), facts_of())
    with pytest.raises(
        CommitLost,
        match=(
            r"another scan committed while this one ran. Its snapshot is kept; run this one again."
        ),
    ):
        snapshots.commit(other, NOW)
    assert snapshots.commits() == [first]
    snapshots.discard("20261122T010001Z")
    assert snapshots.manifest(first).certificate.state == "complete"


def test_of_eight_scans_that_commit_at_once_one_wins(snapshots: SnapshotWriter, race: Any) -> None:
    manifests = [write_all(snapshots, plan_of(f"20261122T01000{n}Z"), facts_of()) for n in range(8)]

    def commit(number: int) -> bool:
        try:
            snapshots.commit(manifests[number], NOW)
        except CommitLost:
            return False
        return True

    won = race(8, commit)
    assert won.count(True) == 1
    (visible,) = snapshots.commits()
    assert visible.snapshot_id == f"20261122T01000{won.index(True)}Z"
    assert snapshots.manifest(visible) == manifests[won.index(True)]


def test_commits_are_in_the_order_of_their_sequence_not_of_their_ids(
    snapshots: SnapshotWriter,
) -> None:
    ids = {
        2: "20261122T010000Z-1",
        10: "20261121T000000Z",
        9: "20261122T010000Z",
        1: "20261123T000000Z",
    }
    for sequence, snapshot_id in ids.items():
        committed(snapshots, sequence=sequence, snapshot_id=snapshot_id)
    assert [commit.sequence for commit in snapshots.commits()] == [1, 2, 9, 10]
    latest = snapshots.latest()
    assert latest
    assert latest.snapshot_id == "20261121T000000Z"


def test_a_second_scan_within_a_second_gets_a_suffix(
    snapshots: SnapshotWriter,
) -> None:
    names = []
    for sequence in range(1, 13):
        names.append(snapshots.new_id(NOW + timedelta(milliseconds=sequence)))
        snapshots.write_plan(plan_of(names[-1], sequence))
    assert names == ["20261122T010000Z", *(f"20261122T010000Z-{n}" for n in range(1, 12))]
    snapshots.discard("20261122T010000Z-3")
    assert snapshots.new_id(NOW) == "20261122T010000Z-3"


def test_an_id_is_told_in_utc_and_neighbours_in_time_do_not_matter(
    snapshots: SnapshotWriter,
) -> None:
    committed(snapshots, snapshot_id="20261122T010001Z")
    assert snapshots.new_id(NOW.astimezone(timezone(timedelta(hours=9)))) == "20261122T010000Z"


def test_two_scans_that_took_one_id_do_not_share_a_folder(snapshots: SnapshotWriter) -> None:
    snapshots.write_plan(plan_of())
    with pytest.raises(CommitLost, match="another scan started in the same second"):
        snapshots.write_plan(plan_of())


def test_a_shard_has_a_record_once_it_ended(snapshots: SnapshotWriter) -> None:
    assert snapshots.read_shard("20261122T010000Z", "eu-west-1") is None
    facts = facts_of(
        notes=("a note",), accounts=(AccountStatus("1", "ENABLED", {"ec2": "ENABLED"}),)
    )
    snapshots.write_shard("20261122T010000Z", facts)
    assert snapshots.read_shard("20261122T010000Z", "eu-west-1") == facts
    assert snapshots.read_shard("20261122T010000Z", "us-east-1") is None


def overwrite(blobs: Blobs, key: str, body: bytes) -> None:
    with blobs.write(key) as file:
        file.write(body)


def test_a_manifest_that_was_changed_is_noticed(
    snapshots: SnapshotWriter, blobs: FolderBlobs
) -> None:
    commit = committed(snapshots)
    key = manifest_key(commit.snapshot_id)
    overwrite(blobs, key, blobs.read(key).replace(b'"complete"', b'"partial" '))
    with pytest.raises(
        StoreUnreadable,
        match=r"is damaged: its manifest is not the one that was committed. Run: sre-cli snap",
    ):
        snapshots.manifest(commit)
    assert list(verify(snapshots, commit)) == [
        ("manifest.json", "its manifest is not the one that was committed")
    ]


def test_a_manifest_that_is_gone_is_noticed(snapshots: SnapshotWriter, blobs: FolderBlobs) -> None:
    commit = committed(snapshots)
    blobs.delete(manifest_key(commit.snapshot_id))
    with pytest.raises(
        StoreUnreadable, match="snapshot 20261122T010000Z is damaged: its manifest is gone"
    ):
        snapshots.manifest(commit)


def test_a_part_that_was_changed_or_is_gone_is_noticed(
    snapshots: SnapshotWriter, blobs: FolderBlobs, tmp_path: Path
) -> None:
    commit = committed(snapshots)
    (part,) = snapshots.manifest(commit).parts
    assert snapshots.part(commit, part, tmp_path).read_bytes() == BODY
    overwrite(blobs, part_key(commit.snapshot_id, part.key), b"A part")
    assert list(verify(snapshots, commit))[1] == (
        part.key,
        "its SHA-256 is not the one in the manifest",
    )
    blobs.delete(part_key(commit.snapshot_id, part.key))
    with pytest.raises(StoreUnreadable, match=f"is damaged: {part.key} is gone"):
        snapshots.part(commit, part, tmp_path)
    assert list(verify(snapshots, commit))[1] == (part.key, f"{part.key} is gone")


def test_verifying_a_bucket_leaves_no_copies(
    aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    import boto3

    from sre_findings.store.urls import open_blobs

    boto3.client("s3").create_bucket(
        Bucket="store", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    snapshots = SnapshotWriter(open_blobs("s3://store/deep"))
    commit = committed(snapshots)
    assert [wrong for _, wrong in verify(snapshots, commit)] == [None, None]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b"\xff", b'{"sequence": 1}', b'"text"', b"null"]
)
def test_a_commit_that_cannot_be_read_is_told_and_not_passed_over(
    snapshots: SnapshotWriter, blobs: FolderBlobs, body: bytes
) -> None:
    committed(snapshots)
    overwrite(blobs, commit_key(2), body)
    for look in (snapshots.commits, snapshots.latest):
        with pytest.raises(
            StoreUnreadable, match=r"commits/000000000002.json is not a commit"
        ) as raised:
            look()
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("newer", "told"),
    [
        ({"schema": SCHEMA + 1, "a_field": 1}, f"version {SCHEMA + 1} in layout 2"),
        ({"layout": 3}, "in layout 3"),
    ],
)
def test_a_store_of_a_newer_version_is_refused_and_says_what_to_do(
    tmp_path: Path, newer: dict[str, int], told: str
) -> None:
    blobs = FolderBlobs(tmp_path)
    values = Commit(1, "20261122T010000Z", NOW, NOW, "", "complete", "", (), {}, ()).to_json()
    overwrite(blobs, commit_key(1), json.dumps(values | newer).encode())
    for look in (SnapshotWriter(blobs).commits, SnapshotWriter(blobs).latest):
        with pytest.raises(
            StoreUnreadable, match=f"was written by a newer version: it has tables of .*{told}"
        ) as raised:
            look()
        assert "Upgrade this one" in raised.value.do


def test_what_the_first_version_wrote_is_read_as_such(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    commit = Commit(1, "20261122T010000Z", NOW, NOW, "0" * 64, "complete", "", (), {}, ())
    values: dict[str, object] = dict(commit.to_json())
    for name in ("schema", "layout", "slot"):
        del values[name]
    overwrite(blobs, commit_key(1), json.dumps(values).encode())
    (found,) = SnapshotWriter(blobs).commits()
    assert (found.schema, found.layout, found.slot) == (1, 1, "")


def test_a_commit_that_is_pruned_while_it_is_read_is_passed_over(
    snapshots: SnapshotWriter, blobs: FolderBlobs
) -> None:
    first, second = (
        committed(snapshots),
        committed(snapshots, sequence=2, snapshot_id="20261122T010001Z"),
    )

    class Pruned(FolderBlobs):
        def keys(self, prefix: str) -> Any:
            yield from [*super().keys(prefix), commit_key(3)]

    pruned = SnapshotWriter(Pruned(Path(blobs.url.removeprefix("file://"))))
    assert pruned.commits() == [first, second]
    assert pruned.latest() == second


def test_leftovers_are_uncommitted_and_older_than_a_day(snapshots: SnapshotWriter) -> None:
    day = timedelta(days=1)
    for number, age in enumerate(
        (day, day - timedelta(seconds=1), timedelta(), day + timedelta(seconds=1), 40 * day)
    ):
        snapshots.write_plan(plan_of(snapshots.new_id(NOW - age), number + 1))
    snapshots.write_plan(plan_of(snapshots.new_id(NOW - 40 * day), 9))
    committed(snapshots, snapshot_id="20260101T000000Z", sequence=1)
    old = ["20261013T010000Z", "20261013T010000Z-1", "20261121T005959Z"]
    assert snapshots.leftovers(NOW) == old
    assert snapshots.leftovers(NOW.astimezone(timezone(timedelta(hours=-7)))) == old


def test_what_is_no_snapshot_is_no_leftover(snapshots: SnapshotWriter, blobs: FolderBlobs) -> None:
    overwrite(blobs, "snapshots/2020-backup/file", b"")
    overwrite(blobs, "snapshots/readme", b"")
    assert snapshots.leftovers(NOW) == []


def test_discarding_removes_one_snapshot_and_no_other(
    snapshots: SnapshotWriter, blobs: FolderBlobs
) -> None:
    write_all(snapshots, plan_of("20261122T010000Z"), facts_of())
    write_all(snapshots, plan_of("20261122T010000Z-1"), facts_of())
    snapshots.discard("20261122T010000Z")
    assert {key.snapshot_id for name in blobs.keys("") if (key := parse(name))} == {
        "20261122T010000Z-1"
    }
    snapshots.discard("20261122T010000Z")


@pytest.mark.parametrize("deletes", range(3))
def test_what_a_killed_removal_leaves_is_found_again(
    snapshots: SnapshotWriter, blobs: FolderBlobs, deletes: int
) -> None:
    class Killed(Exception): ...

    class Mortal(FolderBlobs):
        left = deletes

        def delete(self, key: str) -> None:
            if not self.left:
                raise Killed
            self.left -= 1
            super().delete(key)

    snapshots.write_plan(plan_of("20261122T010000Z"))
    for table in ("coverage", "findings"):  # the scan died before any shard had a record
        overwrite(blobs, part_key("20261122T010000Z", f"{table}/part-a.parquet"), BODY)
    with pytest.raises(Killed):
        SnapshotWriter(Mortal(Path(blobs.url.removeprefix("file://")))).discard("20261122T010000Z")
    assert snapshots.leftovers(NOW + timedelta(days=2)) == ["20261122T010000Z"]
    snapshots.discard("20261122T010000Z")
    assert list(blobs.keys("")) == []


def test_a_committed_snapshot_is_not_discarded_whatever_the_caller_thinks(
    snapshots: SnapshotWriter,
) -> None:
    commit = committed(snapshots)
    snapshots.discard(commit.snapshot_id)
    assert [wrong for _, wrong in verify(snapshots, commit)] == [None, None]
