"""Writing a snapshot: its plan, the shards' records, the manifest, and the commit that makes it
visible.

The commit is the one conditional write: nothing exists for a reader before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import CommitLost
from sre_findings.model.snapshots.states import Cell
from sre_findings.store.objects.blobs import Blobs, Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.reader import STAMP, Commit, Manifest, Snapshots

if TYPE_CHECKING:
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import ShardFacts


@dataclass(frozen=True, slots=True)
class SnapshotWriter(Snapshots):
    """The snapshots of one store, for a scan, and for what moves or removes snapshots."""

    blobs: Blobs

    def new_id(self, now: datetime) -> str:
        """An id from the time, with a suffix where that second has a snapshot already, committed or
        not."""
        stamp = now.astimezone(UTC).strftime(STAMP)
        taken = {one for one in self.ids() if one.startswith(stamp)}
        return next(
            name
            for n in range(len(taken) + 1)
            if (name := f"{stamp}-{n}" if n else stamp) not in taken
        )

    def write_plan(self, plan: Plan) -> None:
        """Opens the snapshot's folder for shards. Raises CommitLost where another scan opened it in
        the same second."""
        if not self.blobs.create(keys.plan_key(plan.snapshot_id), _encode(plan.to_json())):
            raise CommitLost(
                "another scan started in the same second", do="It continues; run this one again."
            )

    def write_shard(self, snapshot_id: str, facts: ShardFacts) -> None:
        """Records what a shard saw, once it ended."""
        self._write(keys.shard_key(snapshot_id, facts.shard), facts.to_json())

    def read_shard(self, snapshot_id: str, name: str) -> ShardFacts | None:
        """A shard's record, or None where it has not ended."""
        from sre_findings.model.snapshots.shard_facts import ShardFacts

        try:
            return ShardFacts.from_json(
                json.loads(self.blobs.read(keys.shard_key(snapshot_id, name)))
            )
        except Missing:
            return None

    def commit(self, manifest: Manifest, ended_at: datetime) -> Commit:
        """Makes the snapshot visible with one conditional write. Raises CommitLost where another
        has its sequence."""
        plan, certificate = manifest.plan, manifest.certificate
        digest = self._write(keys.manifest_key(plan.snapshot_id), manifest.to_json())
        commit = Commit(
            sequence=plan.sequence,
            snapshot_id=plan.snapshot_id,
            started_at=datetime.fromisoformat(plan.created_at),
            ended_at=ended_at,
            manifest_sha256=digest,
            state=certificate.state,
            claim=certificate.claim,
            causes=certificate.causes,
            totals=certificate.totals,
            account_names=plan.account_names,
            slot=plan.slot,
            gaps=tuple((*_four(cell), state) for cell, state in certificate.incomplete_cells()),
        )
        if not self.blobs.create(keys.commit_key(plan.sequence), _encode(commit.to_json())):
            raise CommitLost(
                "another scan committed while this one ran",
                do="Its snapshot is kept; run this one again.",
            )
        return commit

    def rewrite(self, commit: Commit) -> None:
        """Writes a commit anew, where its files were moved: what it says of the snapshot stays."""
        with self.blobs.write(keys.commit_key(commit.sequence)) as file:
            file.write(_encode(commit.to_json()))

    def discard(self, snapshot_id: str) -> None:
        """Removes an uncommitted snapshot's files. A committed one stays, whatever the caller
        thinks it knows."""
        if any(commit.snapshot_id == snapshot_id for commit in self.commits()):
            return
        for key in self.files(snapshot_id):
            self.blobs.delete(key)

    def leftovers(self, now: datetime) -> list[str]:
        """Ids of uncommitted snapshots whose scan must be dead: begun more than a day ago."""
        known = {commit.snapshot_id for commit in self.commits()} | set(self.pruned())
        limit = (now - timedelta(days=1)).astimezone(UTC).strftime(STAMP)
        return sorted(one for one in self.ids() - known if one < limit)

    def _write(self, key: str, values: Mapping[str, Any]) -> str:
        body = _encode(values)
        with self.blobs.write(key) as file:
            file.write(body)
        return hashlib.sha256(body).hexdigest()


def _four(cell: Cell) -> tuple[str, str, str, str]:
    return cell


def _encode(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=1, sort_keys=True).encode()
