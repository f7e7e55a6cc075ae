"""Removes snapshots in an order that never exposes a damaged snapshot, even if interrupted.

1. A tombstone is written: which commit was pruned, when and why, and its place in the chain of
   commits.
2. The commit is deleted, and readers no longer see the snapshot.
3. Its files are deleted a day later, when no reader has them open any more.

Snapshots under a legal hold are not removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.model.snapshots.retention import Fate
from sre_findings.store.objects.blobs import BlobReader, Blobs, Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.chain import PREVIOUS, SIGNATURE, SUM, sum_of
from sre_findings.store.snapshots.decoding import RESTORE, readable, tombstone_values
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter

_LINKS = (SUM, PREVIOUS, SIGNATURE)  # fields of the chain, in no Tombstone
GRACE = timedelta(days=1)
"""How long files are kept after their commit is deleted: longer than any reader needs them."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The record of a pruned snapshot."""

    sequence: int
    snapshot_id: str
    started_at: datetime
    pruned_at: datetime
    why: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on a snapshot."""

    snapshot_id: str
    owner: str
    reason: str
    since: datetime


def prune(snapshots: SnapshotWriter, doomed: Sequence[Fate], now: datetime) -> Iterator[str]:
    """Makes these snapshots invisible and yields the ID of each.

    A snapshot that was put under a legal hold meanwhile is kept.
    """
    commits = {one.snapshot_id: one for one in snapshots.commits()}
    for fate in doomed:
        if (
            (commit := commits.get(fate.snapshot_id)) is None
            or fate.kept
            or held(snapshots.blobs, fate.snapshot_id)
        ):
            continue
        _bury(snapshots, commit, fate.why, now)
        snapshots.blobs.delete(keys.commit_key(commit.sequence))
        yield fate.snapshot_id


def sweep(snapshots: SnapshotWriter, now: datetime, grace: timedelta = GRACE) -> Iterator[str]:
    """Removes the files of snapshots pruned at least ``grace`` ago, and yields their IDs.

    A tombstone whose commit still exists comes from an interrupted run; that commit is deleted
    now.
    """
    visible = {one.snapshot_id: one.sequence for one in snapshots.commits()}
    there = snapshots.ids()
    for stone in tombstones(snapshots.blobs):
        if held(snapshots.blobs, stone.snapshot_id):
            continue
        if (sequence := visible.get(stone.snapshot_id)) is not None:
            _refuse_another(stone, sequence)
            snapshots.blobs.delete(keys.commit_key(sequence))
        if stone.snapshot_id not in there or now - stone.pruned_at < grace:
            continue
        for key in snapshots.files(stone.snapshot_id):
            snapshots.blobs.delete(key)
        yield stone.snapshot_id


def tombstones(blobs: BlobReader) -> list[Tombstone]:
    """Returns the tombstones of all pruned snapshots, oldest first.

    Raises StoreUnreadable if one is damaged.
    """
    return [
        _tombstone(key, blobs.read(key))
        for key in sorted(blobs.keys(keys.TOMBSTONES))
        if key.endswith(".json")
    ]


def pruned_sequences(blobs: BlobReader) -> set[int]:
    """Returns the sequence numbers of all pruned snapshots, from a listing without reads."""
    return {int(key.file) for name in blobs.keys(keys.TOMBSTONES) if (key := keys.parse(name))}


def hold(snapshots: SnapshotWriter, commit: Commit, owner: str, reason: str, now: datetime) -> None:
    """Puts a legal hold on a snapshot. Raises UsageError if it already has one."""
    body = {
        "snapshot_id": commit.snapshot_id,
        "owner": owner,
        "reason": reason,
        "since": now.isoformat(),
    }
    if not snapshots.blobs.create(
        keys.hold_key(commit.snapshot_id), json.dumps(body, indent=1).encode()
    ):
        raise UsageError(f"{commit.snapshot_id} is held already", do="See: sre-cli snapshots list.")


def release(snapshots: SnapshotWriter, snapshot_id: str) -> None:
    """Removes the legal hold from a snapshot. Raises UsageError if it has none."""
    if held(snapshots.blobs, snapshot_id) is None:
        raise UsageError(f"{snapshot_id} is not held", do="See: sre-cli snapshots list.")
    snapshots.blobs.delete(keys.hold_key(snapshot_id))


def held(blobs: Blobs, snapshot_id: str) -> Hold | None:
    """Returns the legal hold on a snapshot, or None. Raises StoreUnreadable if it is damaged."""
    key = keys.hold_key(snapshot_id)
    try:
        body = blobs.read(key)
    except Missing:
        return None
    with readable(f"{blobs.url}/{key} is not a legal hold"):
        values = json.loads(body)
        return Hold(
            snapshot_id,
            values["owner"],
            values["reason"],
            datetime.fromisoformat(values["since"]),
        )


def holds(blobs: Blobs) -> dict[str, Hold]:
    """Returns every legal hold by snapshot ID."""
    named = [key.snapshot_id for name in blobs.keys(keys.HOLDS) if (key := keys.parse(name))]
    return {one: found for one in named if (found := held(blobs, one)) is not None}


def _bury(snapshots: SnapshotWriter, commit: Commit, why: str, now: datetime) -> None:
    """Writes the tombstone unless it exists.

    If two runs prune at the same time, the first one's time counts.
    """
    body: dict[str, Any] = {
        "sequence": commit.sequence,
        "snapshot_id": commit.snapshot_id,
        "started_at": commit.started_at.isoformat(),
        "pruned_at": now.isoformat(),
        "why": why,
        "slot": commit.slot,
        **_link_of(snapshots.blobs, commit),
    }
    if snapshots.key:
        body = snapshots.key.signed(body)
    snapshots.blobs.create(keys.tombstone_key(commit.sequence), json.dumps(body, indent=1).encode())


def _link_of(blobs: Blobs, commit: Commit) -> dict[str, Any]:
    """Returns what the chain of commits needs of a pruned one; nothing if it is gone already."""
    try:
        values = json.loads(blobs.read(keys.commit_key(commit.sequence)))
    except Missing:
        return {}
    previous = {PREVIOUS: values[PREVIOUS]} if PREVIOUS in values else {}
    return {SUM: sum_of(values), **previous}


def _tombstone(key: str, body: bytes) -> Tombstone:
    """Returns the tombstone in a file with this key."""
    values = tombstone_values(key, body)
    with readable(f"{key} is not the record of a pruned snapshot"):
        times = {name: datetime.fromisoformat(values[name]) for name in ("started_at", "pruned_at")}
        others = {name: value for name, value in values.items() if name not in _LINKS}
        return Tombstone(**{**others, **times})


def _refuse_another(stone: Tombstone, sequence: int) -> None:
    """Raises StoreUnreadable if the tombstone names a snapshot of another sequence number."""
    if stone.sequence != sequence:
        raise StoreUnreadable(
            f"{keys.tombstone_key(stone.sequence)} is not the record of a pruned snapshot",
            why=f"{stone.snapshot_id} is number {sequence}",
            do=RESTORE,
        )
