"""Cached copies of a bucket's parts: verified, bounded, and never deleted while in use."""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
from sre_findings.store.objects import part_cache, part_checks
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.keys import part_key, partition
from sre_findings.store.snapshots.reader import STAMP, Commit, Manifest
from sre_findings.store.snapshots.writer import SnapshotWriter

SIZE = 1000  # bytes of each part


class Elsewhere:
    """A store that DuckDB cannot read in place, kept in a folder that tests can inspect."""

    url = "s3://elsewhere"

    def __init__(self, place: Path) -> None:
        inner = FolderBlobs(place)
        self.read, self.write, self.create = inner.read, inner.write, inner.create
        self.keys, self.folders, self.link = inner.keys, inner.folders, inner.link
        self.delete, self.copy, self.fetched = inner.delete, inner.copy, list[str]()

    def fetch(self, key: str, to: Path, size: int | None = None) -> Path:
        self.fetched.append(key)
        body = self.read(key)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(body)
        return to


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / "elsewhere")


@pytest.fixture
def snapshots(elsewhere: Elsewhere) -> SnapshotWriter:
    return SnapshotWriter(elsewhere)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of the copies."""
    return tmp_path / "copies"


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forgets the verified copies, as in a new process; also runs before each test."""

    def forget() -> None:
        monkeypatch.setattr(part_checks, "_verified", {})

    forget()
    return forget


def night(
    snapshots: SnapshotWriter, number: int, parts: int = 2
) -> tuple[Commit, list[tuple[Commit, Part]]]:
    """A committed snapshot of some parts, and its parts as requests for copies."""
    began = datetime(2026, 11, number, 1, tzinfo=UTC)
    plan = Plan(
        began.strftime(STAMP),
        number,
        began.isoformat(),
        ("ACTIVE",),
        (Shard("eu-west-1", "eu-west-1"),),
    )
    listed = []
    for place in range(parts):
        body, key = bytes([number, place]) * (SIZE // 2), f"findings/part-{place}.parquet"
        with snapshots.blobs.write(part_key(plan.snapshot_id, key)) as file:
            file.write(body)
        listed.append(Part(key, 1, SIZE, hashlib.sha256(body).hexdigest()))
    facts = ShardFacts("eu-west-1", "eu-west-1", began.isoformat(), parts=listed)
    commit = snapshots.commit(Manifest(plan, (facts,), judge(plan, (facts,))), began)
    return commit, [(commit, part) for part in listed]


def sums(paths: Sequence[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def flip(path: Path) -> None:
    """Changes one byte. The size and the time stay the same."""
    seen, body = path.stat(), bytearray(path.read_bytes())
    body[7] ^= 1
    path.write_bytes(bytes(body))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def test_a_part_is_fetched_once_and_lies_under_its_sum(
    snapshots: SnapshotWriter, elsewhere: Elsewhere, home: Path
) -> None:
    commit, wanted = night(snapshots, 1)
    paths = Copies(home).paths(snapshots, wanted)
    assert paths == [home / commit.snapshot_id / f"{part.sha256}.parquet" for _, part in wanted]
    assert sums(paths) == [part.sha256 for _, part in wanted]
    assert Copies(home).paths(snapshots, wanted) == paths
    assert len(elsewhere.fetched) == 2
    assert home.stat().st_mode & 0o077 == 0


def test_a_folder_that_another_process_removes_while_it_is_made_is_made_again(
    snapshots: SnapshotWriter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, wanted = night(snapshots, 1)
    real, failed = os.mkdir, list[Path]()

    def mkdir(path: Path, mode: int = 0o777) -> None:
        if Path(path) == home / commit.snapshot_id and not failed:
            failed.append(path)
            raise FileExistsError(path)  # it was there, and is gone now
        real(path, mode)

    monkeypatch.setattr("os.mkdir", mkdir)
    paths = Copies(home).paths(snapshots, wanted)
    assert (len(failed), sums(paths)) == (1, [part.sha256 for _, part in wanted])


def test_a_folder_needs_no_copies(tmp_path: Path) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    commit, wanted = night(snapshots, 1)
    place = tmp_path / "store" / partition("findings", commit.snapshot_id)
    assert Copies(tmp_path / "copies").paths(snapshots, wanted) == [
        place / "part-0.parquet",
        place / "part-1.parquet",
    ]
    assert not (tmp_path / "copies").exists()


def test_a_copy_with_a_flipped_bit_is_thrown_away_and_fetched_again(
    snapshots: SnapshotWriter, elsewhere: Elsewhere, home: Path, new_process: Callable[[], None]
) -> None:
    _, wanted = night(snapshots, 1)
    paths = Copies(home).paths(snapshots, wanted)
    flip(paths[1])
    new_process()
    assert sums(Copies(home).paths(snapshots, wanted)) == [part.sha256 for _, part in wanted]
    assert len(elsewhere.fetched) == 3


def test_within_a_process_a_copy_is_checked_once_and_again_when_somebody_asks(
    snapshots: SnapshotWriter, elsewhere: Elsewhere, home: Path
) -> None:
    _, wanted = night(snapshots, 1)
    copies = Copies(home)
    paths = copies.paths(snapshots, wanted)
    assert not copies.recheck(paths)
    copies.paths(snapshots, wanted)
    assert len(elsewhere.fetched) == 2
    flip(paths[0])
    assert copies.recheck(paths)
    assert sums(copies.paths(snapshots, wanted)) == [part.sha256 for _, part in wanted]
    assert not copies.recheck([*paths, home.parent / "not ours"])


def test_a_part_that_is_not_what_the_manifest_says_is_never_used(
    snapshots: SnapshotWriter, home: Path
) -> None:
    commit, wanted = night(snapshots, 1)
    with snapshots.blobs.write(part_key(commit.snapshot_id, "findings/part-1.parquet")) as file:
        file.write(b"\0" * SIZE)
    with pytest.raises(
        StoreUnreadable,
        match=r"is damaged: the SHA-256 of findings/part-1.parquet is not the one in",
    ):
        Copies(home).paths(snapshots, wanted)
    assert sums(list(home.rglob("*.parquet"))) in ([wanted[0][1].sha256], [])
    snapshots.blobs.delete(part_key(commit.snapshot_id, "findings/part-1.parquet"))
    with pytest.raises(StoreUnreadable, match=r"part-1.parquet is gone"):
        Copies(home).paths(snapshots, wanted)
    assert not list(home.rglob(".fetch-*"))


def test_the_least_recently_used_goes_when_there_is_no_room(
    snapshots: SnapshotWriter, home: Path
) -> None:
    nights = [night(snapshots, number) for number in (1, 2, 3)]
    for age, (commit, wanted) in zip((30, 10, 20), nights, strict=True):
        Copies(home).paths(snapshots, wanted)
        os.utime(home / commit.snapshot_id / ".used", (age, age))
    gc.collect()
    newest, wanted = night(snapshots, 4)
    Copies(home, limit=6 * SIZE).paths(snapshots, wanted)
    kept = {nights[0][0].snapshot_id, nights[2][0].snapshot_id, newest.snapshot_id}
    assert {path.name for path in home.iterdir()} == kept


def test_what_is_being_read_stays_be_it_more_than_the_limit(
    snapshots: SnapshotWriter, home: Path
) -> None:
    (_, first), (_, second) = night(snapshots, 1), night(snapshots, 2)
    reader = Copies(home, limit=SIZE)
    held = reader.paths(snapshots, first)
    Copies(home, limit=SIZE).paths(snapshots, second)
    assert sums(held) == [part.sha256 for _, part in first]
    del reader
    gc.collect()
    night_after = night(snapshots, 3)[1]
    Copies(home, limit=2 * SIZE).paths(snapshots, night_after)
    assert sorted(sums(list(home.rglob("*.parquet")))) == sorted(
        part.sha256 for _, part in night_after
    )


def test_what_dead_processes_and_older_versions_left_is_thrown_away_too(
    snapshots: SnapshotWriter, home: Path
) -> None:
    for name in (
        ".gone-1/x.parquet",
        "20260101T010000Z/findings/part-0.parquet",
        "20260101T010000Z-a file",
        "precious/x",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"\0" * SIZE)
    commit, wanted = night(snapshots, 1)
    Copies(home, limit=SIZE).paths(snapshots, wanted)
    assert {path.name for path in home.iterdir()} == {
        "20260101T010000Z-a file",
        "precious",
        commit.snapshot_id,
    }


def once(before: Callable[[], object], real: Callable[..., Any], when: int) -> Callable[..., Any]:
    """``flock`` that calls ``before`` once, just before the first lock of the kind ``when``."""
    waiting = [before]

    def flock(handle: int, kind: int) -> None:
        if kind & when and waiting:
            waiting.pop()()
        real(handle, kind)

    return flock


def test_a_snapshot_thrown_away_just_before_it_is_held_is_held_all_the_same(
    snapshots: SnapshotWriter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (commit, wanted), (_, other) = night(snapshots, 1), night(snapshots, 2)
    gone = home / commit.snapshot_id
    monkeypatch.setattr(
        fcntl, "flock", once(lambda: shutil.rmtree(gone), fcntl.flock, fcntl.LOCK_SH)
    )
    reader = Copies(home, limit=SIZE)
    held = reader.paths(snapshots, wanted)
    Copies(home, limit=SIZE).paths(snapshots, other)
    assert sums(held) == [part.sha256 for _, part in wanted]


def test_a_snapshot_made_anew_just_before_it_is_thrown_away_stays(
    snapshots: SnapshotWriter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (commit, wanted), (_, other) = night(snapshots, 1), night(snapshots, 2)
    Copies(home).paths(snapshots, wanted)
    gc.collect()
    reader = Copies(home)

    def make_anew() -> None:
        shutil.rmtree(home / commit.snapshot_id)
        reader.paths(snapshots, wanted)

    monkeypatch.setattr(fcntl, "flock", once(make_anew, fcntl.flock, fcntl.LOCK_EX))
    Copies(home, limit=SIZE).paths(snapshots, other)
    assert sums(reader.paths(snapshots, wanted)) == [part.sha256 for _, part in wanted]


def test_who_wants_a_snapshot_while_it_is_being_removed_gets_a_whole_one(
    snapshots: SnapshotWriter, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, wanted), (_, other) = night(snapshots, 1), night(snapshots, 2)
    Copies(home).paths(snapshots, wanted)
    gc.collect()
    reader, found, remove = Copies(home), list[Path](), shutil.rmtree

    def remove_slowly(folder: Path, **options: Any) -> None:
        if folder.name.startswith(".gone") or folder.parent == home:
            assert folder.name.startswith(".gone"), "it is removed under its own name"
            found.extend(reader.paths(snapshots, wanted))
        remove(folder, **options)

    monkeypatch.setattr(shutil, "rmtree", remove_slowly)
    Copies(home, limit=SIZE).paths(snapshots, other)
    assert sums(found) == [part.sha256 for _, part in wanted]


_READER = """
import gc, hashlib, random
from sre_findings.store.objects import part_cache as module
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.snapshots.reader import Snapshots

class Elsewhere(FolderBlobs):
    def fetch(self, key, to, size=None):
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(self.read(key))
        return to

module.FolderBlobs = ()  # this one is no folder for copies
snapshots, dice = Snapshots(Elsewhere(Path(argv[1]))), random.Random(argv[3])
wanted = [[(commit, part) for part in snapshots.manifest(commit).parts] for commit in snapshots.commits()]
for _ in range(400):
    ours = module.Copies(Path(argv[2]), limit=1000)
    for path in ours.paths(snapshots, dice.choice(wanted)):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem, path
    del ours
print("right")
"""


def test_processes_that_share_a_folder_all_read_what_they_asked_for(
    tmp_path: Path, home: Path, processes: Callable[[str, Sequence[Sequence[str]]], list[str]]
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    for number in (1, 2, 3):
        night(snapshots, number)
    said = processes(
        _READER, [[str(tmp_path / "store"), str(home), str(seed)] for seed in range(4)]
    )
    assert said == ["right\n"] * 4
    assert not list(home.rglob(".fetch-*"))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose SHA-256 was computed."""
    names, digest = list[str](), hashlib.file_digest

    def counted(file: Any, name: str) -> Any:
        names.append(Path(file.name).name)
        return digest(file, name)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    return names


def test_a_part_of_a_folder_is_verified_once_and_again_if_it_changed(
    tmp_path: Path, hashed: list[str]
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    _, wanted = night(snapshots, 1)
    copies = Copies(tmp_path / "copies")
    first, second = copies.paths(snapshots, wanted)
    copies.paths(snapshots, wanted)
    assert hashed == ["part-0.parquet", "part-1.parquet"]
    os.utime(first)
    copies.paths(snapshots, wanted)
    assert hashed[2:] == ["part-0.parquet"]
    flip(second)
    with pytest.raises(
        StoreUnreadable, match=r"is damaged: the SHA-256 of findings/part-1.parquet is not the one"
    ):
        copies.paths(snapshots, wanted)


def test_a_part_with_another_size_is_not_even_read(tmp_path: Path, hashed: list[str]) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    commit, wanted = night(snapshots, 1)
    path = tmp_path / "store" / part_key(commit.snapshot_id, wanted[0][1].key)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(StoreUnreadable, match=r"part-0.parquet has 1,001 bytes instead of 1,000"):
        Copies(tmp_path / "copies").paths(snapshots, wanted)
    assert hashed == []


def test_many_large_parts_are_verified_in_threads_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_cache, "_MANY", SIZE)
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    _, wanted = night(snapshots, 1, parts=9)
    paths = Copies(tmp_path / "copies").paths(snapshots, wanted)
    assert sums(paths) == [part.sha256 for _, part in wanted]
    flip(paths[7])
    with pytest.raises(StoreUnreadable, match=r"SHA-256 of findings/part-7.parquet"):
        Copies(tmp_path / "copies").paths(snapshots, wanted)
