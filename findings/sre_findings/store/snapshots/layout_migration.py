"""Migrates snapshots from the first layout (one folder per snapshot) to the current one.

The migration can be interrupted at any point:

1. Every file that the manifest lists, and the records, get their new keys in addition to the old
   ones: a hard link in a folder, a copy in a bucket. ``converted.json`` in the old folder records
   the time.
2. The commit is rewritten with the new layout. From then on every reader uses the new keys.
3. The next run, at least one day later, removes the old files, when no reader has them open any
   more. ``converted.json`` is removed last.

The files, their checksums and the manifest do not change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.blobs import Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, BY_TABLE
from sre_findings.store.snapshots.pruning import GRACE, held
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter


@dataclass(frozen=True, slots=True)
class Move:
    """The old and the new key of one file."""

    old: str
    new: str


def old_commits(snapshots: SnapshotWriter) -> list[Commit]:
    """Returns every commit whose files are in the first layout, oldest first."""
    return [one for one in snapshots.commits() if one.layout == BY_SNAPSHOT]


def moves(snapshots: SnapshotWriter, commit: Commit) -> list[Move]:
    """Returns the files of a snapshot to move.

    Raises StoreUnreadable if its manifest is damaged.
    """
    parts = [part.key for part in snapshots.manifest(commit).parts]
    found = [
        Move(
            *(keys.part_key(commit.snapshot_id, part, layout) for layout in (BY_SNAPSHOT, BY_TABLE))
        )
        for part in parts
    ]
    before, after = (keys.records(commit.snapshot_id, layout) for layout in (BY_SNAPSHOT, BY_TABLE))
    read = [
        key
        for name in snapshots.blobs.keys(before)
        if (key := keys.parse(name)) and key.kind == "record"
    ]
    return [
        *found,
        *(Move(before + key.file, after + key.file) for key in read if key.file != keys.CONVERTED),
    ]


def convert(snapshots: SnapshotWriter, commit: Commit, now: datetime) -> int:
    """Migrates one snapshot and returns its number of files.

    Raises StoreUnreadable if a file is missing. Readers then still see the snapshot in its old
    layout.
    """
    wanted = moves(snapshots, commit)
    for one in wanted:
        try:
            snapshots.blobs.copy(one.old, one.new)
        except Missing:
            do = "Run: sre-cli snapshots verify."
            raise StoreUnreadable(
                f"snapshot {commit.snapshot_id} is damaged", why=f"{one.old} is gone", do=do
            ) from None
    snapshots.blobs.create(
        keys.converted_key(commit.snapshot_id),
        json.dumps({"converted_at": now.isoformat()}).encode(),
    )
    snapshots.rewrite(replace(commit, layout=BY_TABLE))
    return len(wanted)


def tidy(snapshots: SnapshotWriter, now: datetime, grace: timedelta = GRACE) -> Iterator[str]:
    """Removes the old files of snapshots migrated at least ``grace`` ago, and yields their IDs.

    Snapshots under a legal hold are skipped.
    """
    for commit in waiting(snapshots):
        since = _converted_at(snapshots, commit)
        if since is None or now - since < grace or held(snapshots.blobs, commit.snapshot_id):
            continue
        found = snapshots.blobs.keys(keys.records(commit.snapshot_id, BY_SNAPSHOT))
        for key in sorted(found, key=lambda key: key == keys.converted_key(commit.snapshot_id)):
            snapshots.blobs.delete(key)
        yield commit.snapshot_id


def waiting(snapshots: SnapshotWriter) -> list[Commit]:
    """Returns every migrated commit whose old files still exist."""
    prefix = f"{keys.PARTITION}="
    there = {
        name.removeprefix(prefix)
        for name in snapshots.blobs.folders(keys.RECORDS)
        if name.startswith(prefix)
    }
    return (
        [one for one in snapshots.commits() if one.layout == BY_TABLE and one.snapshot_id in there]
        if there
        else []
    )


def _converted_at(snapshots: SnapshotWriter, commit: Commit) -> datetime | None:
    try:
        return datetime.fromisoformat(
            json.loads(snapshots.blobs.read(keys.converted_key(commit.snapshot_id)))["converted_at"]
        )
    except Missing:
        return None
