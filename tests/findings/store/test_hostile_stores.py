"""A writer to the store cannot make a reader touch anything outside of it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings.store.test_part_cache import Elsewhere, night

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.retention import Fate
from sre_findings.store.objects.blobs import Blobs, FolderBlobs, Missing
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.pruning import prune, sweep, tombstones
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter

NOW = datetime(2026, 11, 30, tzinfo=UTC)
UP = "../../../../precious"
PARTS = st.one_of(
    st.sampled_from(["..", ".", "", "a", "tables", "commits", "snapshots", "~", "\\..\\", "link"]),
    st.text(max_size=8),
)
KEYS = st.lists(PARTS, min_size=1, max_size=6).map("/".join)


@pytest.fixture(params=["folder", "elsewhere"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotWriter:
    folder = tmp_path / "home" / "store"
    return SnapshotWriter(FolderBlobs(folder) if request.param == "folder" else Elsewhere(folder))


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file outside the store, for names of parts that lead up."""
    path = tmp_path / "precious.parquet"
    path.write_bytes(b"not the store's")
    return path


def edit(blobs: Blobs, key: str, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads(blobs.read(key))
    change(values)
    with blobs.write(key) as file:
        file.write(json.dumps(values).encode())


def forge(
    snapshots: SnapshotWriter, commit: Commit, change: Callable[[dict[str, Any]], object]
) -> Commit:
    """Changes a manifest and its sum in the commit, as a writer to the bucket can."""
    key = keys.manifest_key(commit.snapshot_id)
    edit(snapshots.blobs, key, change)
    digest = hashlib.sha256(snapshots.blobs.read(key)).hexdigest()
    edit(
        snapshots.blobs,
        keys.commit_key(commit.sequence),
        lambda values: values.update(manifest_sha256=digest),
    )
    return snapshots.commits()[0]


def part(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda values: values["shards"][0]["parts"][0].update(changes)


@pytest.mark.parametrize(
    "change",
    [
        part(key=f"findings/{UP}.parquet"),
        part(key=f"findings/part-a/{UP}.parquet"),
        part(key="/etc/part-0.parquet"),
        part(key=None),
        part(key=["findings/part-0.parquet"]),
        part(key="findings/part-1.parquet"),
        part(sha256=UP),
        part(sha256="A" * 64),
        part(sha256=""),
        part(bytes=-1),
        part(bytes="1000"),
        part(rows=True),
        lambda values: values["plan"].update(snapshot_id="20260101T010000Z"),
        lambda values: values["plan"].update(sequence=7),
        lambda values: values["plan"].update(created_at="2026-12-24T01:00:00+00:00"),
        lambda values: values.update(shards={"a": 1}),
        lambda values: values.pop("plan"),
    ],
)
def test_a_manifest_that_names_anything_but_its_own_parts_is_damaged(
    snapshots: SnapshotWriter,
    precious: Path,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], object],
) -> None:
    commit = forge(snapshots, night(snapshots, 1)[0], change)
    with pytest.raises(
        StoreUnreadable, match=r"^snapshot \S+ is damaged: its manifest .* Run: sre-cli snapshots"
    ) as raised:
        snapshots.manifest(commit)
    assert "\n" not in str(raised.value)
    ((key, why),) = verify(snapshots, commit)
    assert key == "manifest.json"
    assert why is not None
    assert precious.read_bytes() == b"not the store's"
    assert {path.name for path in tmp_path.iterdir()} == {"home", precious.name}


@pytest.mark.parametrize("name", ["key", "sha256"])
def test_copies_neither_write_nor_delete_outside_their_folder(
    tmp_path: Path, precious: Path, name: str
) -> None:
    snapshots = SnapshotWriter(Elsewhere(tmp_path / "store"))
    _, wanted = night(snapshots, 1)
    hostile = [(commit, replaced(part, name)) for commit, part in wanted]
    with pytest.raises(StoreUnreadable, match="is not"):
        Copies(tmp_path / "a" / "b" / "copies").paths(snapshots, hostile)
    assert precious.read_bytes() == b"not the store's"


def replaced(part: Any, name: str) -> Any:
    return replace(part, **{name: UP if name == "sha256" else f"findings/{UP}.parquet"})


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2},
        {"sequence": True},
        {"sequence": "1"},
        {"snapshot_id": UP},
        {"snapshot_id": 7},
        {"manifest_sha256": UP},
        {"layout": 0},
        {"layout": -1},
        {"layout": 1.5},
    ],
)
def test_a_commit_that_is_not_of_its_key_is_refused(
    snapshots: SnapshotWriter, change: dict[str, Any]
) -> None:
    night(snapshots, 1)
    edit(snapshots.blobs, keys.commit_key(1), lambda values: values.update(change))
    with pytest.raises(StoreUnreadable, match=r"commits/000000000001.json is not a commit: "):
        snapshots.latest()


def test_a_commit_under_another_name_is_refused(snapshots: SnapshotWriter) -> None:
    night(snapshots, 1)
    snapshots.blobs.create("commits/2.json", snapshots.blobs.read(keys.commit_key(1)))
    with pytest.raises(StoreUnreadable, match=r"commits/2.json is not a commit: its name is not"):
        snapshots.commits()


def test_the_parts_of_an_old_snapshot_under_a_new_id_are_noticed(
    snapshots: SnapshotWriter,
) -> None:
    old, _ = night(snapshots, 1)
    manifest = snapshots.blobs.read(keys.manifest_key(old.snapshot_id))
    new, _ = night(snapshots, 2)
    with snapshots.blobs.write(keys.manifest_key(new.snapshot_id)) as file:
        file.write(manifest)
    edit(
        snapshots.blobs,
        keys.commit_key(2),
        lambda values: values.update(manifest_sha256=old.manifest_sha256),
    )
    with pytest.raises(StoreUnreadable, match=r"it is of snapshot '20261101T010000Z', number 1"):
        snapshots.manifest(snapshots.commits()[1])


@pytest.mark.parametrize(
    "change", [{"snapshot_id": "../../precious"}, {"sequence": 2}, {"sequence": "1"}, {"odd": 1}]
)
def test_a_damaged_tombstone_removes_nothing(
    snapshots: SnapshotWriter, change: dict[str, Any]
) -> None:
    commit, _ = night(snapshots, 1)
    fate = Fate(commit.snapshot_id, kept=False, why="old")
    list(prune(snapshots, [fate], NOW))
    edit(snapshots.blobs, keys.tombstone_key(1), lambda values: values.update(change))
    before = sorted(snapshots.blobs.keys(""))
    with pytest.raises(StoreUnreadable, match=r"is not the record of a pruned snapshot: .*Restore"):
        list(sweep(snapshots, NOW + timedelta(days=2)))
    with pytest.raises(StoreUnreadable, match="is not the record of a pruned snapshot"):
        tombstones(snapshots.blobs)
    assert sorted(snapshots.blobs.keys("")) == before


def test_a_tombstone_of_another_number_does_not_remove_a_visible_snapshot(
    snapshots: SnapshotWriter,
) -> None:
    commit, _ = night(snapshots, 1)
    body = {"sequence": 9, "snapshot_id": commit.snapshot_id, "why": "", "slot": ""}
    times = dict.fromkeys(("started_at", "pruned_at"), NOW.isoformat())
    snapshots.blobs.create(keys.tombstone_key(9), json.dumps({**body, **times}).encode())
    with pytest.raises(StoreUnreadable, match=r"pruned/000000000009.json is not .* is number 1"):
        list(sweep(snapshots, NOW + timedelta(days=2)))
    assert [one for one in verify(snapshots, commit) if one[1]] == []


def test_a_damaged_legal_hold_still_holds(snapshots: SnapshotWriter) -> None:
    commit, _ = night(snapshots, 1)
    snapshots.blobs.create(keys.hold_key(commit.snapshot_id), b"[]")
    fate = Fate(commit.snapshot_id, kept=False, why="old")
    with pytest.raises(StoreUnreadable, match="is not a legal hold"):
        list(prune(snapshots, [fate], NOW))
    assert snapshots.commits() == [commit]


def every_way(blobs: Blobs, key: str, to: Path) -> dict[str, Callable[[], object]]:
    def write() -> None:
        with blobs.write(key) as file:
            file.write(b"x")

    return {
        "read": lambda: blobs.read(key),
        "write": write,
        "create": lambda: blobs.create(key, b"x"),
        "keys": lambda: list(blobs.keys(key)),
        "folders": lambda: list(blobs.folders(key + "/")),
        "delete": lambda: blobs.delete(key),
        "copy from": lambda: blobs.copy(key, "a/copy"),
        "copy to": lambda: blobs.copy("a/b", key),
        "fetch": lambda: blobs.fetch(key, to),
    }


@given(KEYS)
def test_no_key_leads_out_of_a_folder(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    home = tmp_path_factory.mktemp("home", numbered=True)
    blobs = FolderBlobs(home / "store")
    blobs.create("a/b", b"ours")
    (home / "precious").write_bytes(b"theirs")
    (home / "store" / "link").symlink_to(home)
    for way in every_way(blobs, key, home / "to").values():
        try:
            way()
        except (StoreUnreadable, Missing):
            continue
    assert sorted(path.name for path in home.iterdir()) == ["precious", "store"]
    assert (home / "precious").read_bytes() == b"theirs"
    shutil.rmtree(home)


@pytest.mark.parametrize("key", ["../precious", "/precious", "a/../../precious", "a//b", ".", ""])
def test_a_key_that_leads_elsewhere_is_refused_in_every_way(
    aws: str, tmp_path: Path, key: str
) -> None:
    from sre_findings.store.objects.s3 import S3Blobs

    for blobs in (FolderBlobs(tmp_path / "store"), S3Blobs("store")):
        ways = every_way(blobs, key, tmp_path / "to")
        if not key:
            del ways["keys"], ways["folders"]  # the empty prefix is the whole store
        for name, way in ways.items():
            if name == "copy to":
                continue  # its source is missing
            with pytest.raises(StoreUnreadable, match="is not a key of a store"):
                way()
    assert list(tmp_path.iterdir()) == []


def test_no_symbolic_link_leads_out_of_the_store(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"theirs")
    blobs = FolderBlobs(tmp_path / "store")
    blobs.create("a/b", b"ours")
    (tmp_path / "store" / "folder").symlink_to(outside)
    (tmp_path / "store" / "file").symlink_to(outside / "file")
    for key in ("folder/file", "file"):
        ways = every_way(blobs, key, tmp_path / "to")
        kept = ("keys", "folders", "write", "create", "delete", "copy to")
        for name, way in ways.items():
            if key == "folder/file" or name not in kept:
                with pytest.raises(StoreUnreadable, match="a symbolic link leads out of it"):
                    way()
    blobs.delete("file")
    assert (outside / "file").read_bytes() == b"theirs"
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert "folder/file" not in set(blobs.keys(""))


def test_a_store_whose_folder_is_a_link_works(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    commit, wanted = night(snapshots, 1)
    assert [why for _, why in verify(snapshots, commit)] == [None, None, None]
    assert len(Copies(tmp_path / "copies").paths(snapshots, wanted)) == 2
