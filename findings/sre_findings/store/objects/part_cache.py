"""Verified files of parts: those of a folder store, or local copies for other stores.

    {folder}/{snapshot_id}/{sha256}.parquet     a part, named by its checksum in the manifest
    {folder}/{snapshot_id}/.used                locked while a process reads the snapshot; its
                                                modification time is the start of the latest use

A copy gets its name only after its bytes were compared with the manifest. Each process compares
every file before its first use (``part_checks``), also in a folder store, and again if the file
changed. Processes share a folder without communicating otherwise.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import uuid
import weakref
from collections.abc import Sequence
from pathlib import Path

from sre_findings.files import mapped_errors
from sre_findings.model.snapshots.shard_facts import Part
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_checks import fault, moved
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.reader import Commit, Snapshots

LIMIT = 10 * 10**9
_AT_ONCE = 4  # parts fetched at a time
_MANY = 4 * 10**6  # bytes that are verified in threads; starting them takes 3 ms
# Only these may be deleted; the folder can also contain files of others.
_OURS = re.compile(r"\d{8}T\d{6}Z|\.gone-")


class Copies:
    """A folder of at most ``limit`` bytes.

    Snapshots in use are never removed, even if they exceed the limit.
    """

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        self._folder, self._limit = folder, LIMIT if limit is None else limit
        self._held: dict[str, int] = {}  # locks by snapshot; released with this object

    def paths(self, snapshots: Snapshots, wanted: Sequence[tuple[Commit, Part]]) -> list[Path]:
        """Returns a path at which each part can be read.

        Raises StoreUnreadable if a part is missing or does not match the manifest.
        """
        if isinstance(snapshots.blobs, FolderBlobs):
            return _verified_all(snapshots, wanted, self._folder)
        with mapped_errors(f"cannot keep copies in {self._folder}"):
            for snapshot_id in {commit.snapshot_id for commit, _ in wanted} - self._held.keys():
                self._hold(snapshot_id)
            if gone := [one for one in wanted if not self._has(*one)]:
                self._make_room(sum(part.bytes for _, part in gone))
                self._fetch_all(snapshots, gone)
        return [self._path(*one) for one in wanted]

    def recheck(self, paths: Sequence[Path]) -> bool:
        """Verifies the checksums of copies again and removes the damaged ones.

        Returns whether there were any.
        """
        ours = [path for path in paths if path.is_relative_to(self._folder)]
        wrong = [path for path in ours if not path.exists() or _sha256(path) != path.stem]
        for path in wrong:
            path.unlink(missing_ok=True)
        return bool(wrong)

    def _path(self, commit: Commit, part: Part) -> Path:
        return self._folder / keys.copy_of(commit.snapshot_id, part.sha256)

    def _has(self, commit: Commit, part: Part) -> bool:
        """Returns whether a valid copy exists. A damaged one is removed."""
        path = self._path(commit, part)
        try:
            wrong = fault(path, part)
        except FileNotFoundError:
            return False
        if wrong:
            path.unlink(missing_ok=True)
        return not wrong

    def _fetch_all(self, snapshots: Snapshots, gone: Sequence[tuple[Commit, Part]]) -> None:
        if len(gone) == 1:
            self._fetch(snapshots, *gone[0])
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda one: self._fetch(snapshots, *one), gone))

    def _fetch(self, snapshots: Snapshots, commit: Commit, part: Part) -> None:
        """Downloads a part and verifies it before it gets its final name."""
        path = self._path(commit, part)
        draft = path.with_name(f".fetch-{uuid.uuid4().hex}")
        try:
            moved(snapshots.part(commit, part, draft), path, part)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _hold(self, snapshot_id: str) -> None:
        """Prevents other processes from removing the snapshot while this object exists."""
        used = self._folder / snapshot_id / ".used"
        while snapshot_id not in self._held:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # exist_ok would fail if the folder was there, and is removed before mkdir looks again
            with contextlib.suppress(FileExistsError):
                used.parent.mkdir()
            with contextlib.suppress(FileNotFoundError):  # removed since the previous line
                handle = os.open(used, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(handle, fcntl.LOCK_SH)
                if not _is(handle, used):
                    os.close(handle)
                    continue
                os.utime(handle)
                self._held[snapshot_id] = handle
                weakref.finalize(self, os.close, handle)

    def _make_room(self, needed: int) -> None:
        """Removes unused snapshots, least recently used first, until ``needed`` bytes fit."""
        if not (excess := _size(self._folder) + needed - self._limit) > 0:
            return
        ours = (path for path in self._folder.iterdir() if _OURS.match(path.name))
        for snapshot in sorted(ours, key=_when):
            size = _size(snapshot)
            if _thrown_away(snapshot):
                excess -= size
            if excess <= 0:
                return


def _verified_all(
    snapshots: Snapshots, wanted: Sequence[tuple[Commit, Part]], folder: Path
) -> list[Path]:
    """Returns the paths of parts in a folder store, after comparing them with the manifest."""
    if sum(part.bytes for _, part in wanted) < _MANY or len(wanted) == 1:
        return [snapshots.part(commit, part, folder) for commit, part in wanted]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda one: snapshots.part(one[0], one[1], folder), wanted))


def _thrown_away(snapshot: Path) -> bool:
    """Removes a snapshot's copies unless a process reads them. Returns whether it did."""
    used = snapshot / ".used"
    try:
        handle = os.open(used, os.O_RDWR | os.O_CREAT, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is(handle, used):
            return False
        # Rename it first, so that a process that needs this snapshot meanwhile never finds it half
        # removed.
        gone = snapshot.rename(snapshot.with_name(f".gone-{uuid.uuid4().hex}"))
        shutil.rmtree(gone, ignore_errors=True)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _is(handle: int, path: Path) -> bool:
    """Returns whether the open file still has this path.

    Another process may have removed and recreated it.
    """
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _when(snapshot: Path) -> float:
    """Returns when a process last started to read the snapshot, or 0.0 if that is unknown."""
    try:
        return (snapshot / ".used").stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    """Returns the bytes below a folder, ignoring files that disappear meanwhile."""
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return 0
    return sum(
        _size(Path(one.path)) if one.is_dir(follow_symlinks=False) else _bytes(one)
        for one in entries
    )


def _bytes(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
