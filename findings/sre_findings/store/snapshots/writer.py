"""Writes a snapshot: its plan, the shards' records, the manifest and the commit.

The commit is the only conditional write and makes the snapshot visible to readers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import CommitLost
from sre_findings.model.snapshots.gaps import Earlier, Gap, dated, gaps_of
from sre_findings.store.objects.blobs import Blobs, Missing
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.chain import PREVIOUS, link_to, predecessor
from sre_findings.store.snapshots.decoding import shard_of
from sre_findings.store.snapshots.reader import STAMP, Commit, Manifest, Snapshots

if TYPE_CHECKING:
    from sre_findings.model.snapshots.certificate import Certificate
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import ShardFacts


@dataclass(frozen=True, slots=True)
class SnapshotWriter(Snapshots):
    """The snapshots of one store, for scans, migration and pruning."""

    blobs: Blobs

    def new_id(self, now: datetime) -> str:
        """Returns an ID made of the time.

        It has a suffix if a snapshot of the same second exists, committed or not.
        """
        stamp = now.astimezone(UTC).strftime(STAMP)
        taken = {one for one in self.ids() if one.startswith(stamp)}
        return next(
            name
            for n in range(len(taken) + 1)
            if (name := f"{stamp}-{n}" if n else stamp) not in taken
        )

    def write_plan(self, plan: Plan) -> None:
        """Writes the plan, the first file of a snapshot.

        Raises CommitLost if another scan started a snapshot with the same ID.
        """
        if not self.blobs.create(keys.plan_key(plan.snapshot_id), _encode(plan.to_json())):
            raise CommitLost(
                "another scan started in the same second", do="It continues; run this one again."
            )

    def write_shard(self, snapshot_id: str, facts: ShardFacts) -> None:
        """Records the results of a finished shard."""
        self._write(keys.shard_key(snapshot_id, facts.shard), facts.to_json())

    def read_shard(self, snapshot_id: str, name: str) -> ShardFacts | None:
        """Returns a shard's record, or None if the shard is not finished.

        Raises StoreUnreadable if it is damaged.
        """
        try:
            body = self.blobs.read(keys.shard_key(snapshot_id, name))
        except Missing:
            return None
        return shard_of(snapshot_id, body)

    def commit(self, manifest: Manifest, ended_at: datetime) -> Commit:
        """Makes the snapshot visible with one conditional write.

        Raises CommitLost if another scan committed with the same sequence.
        """
        plan, certificate = manifest.plan, manifest.certificate
        gaps = self._gaps(plan, certificate)
        digest = self._write(keys.manifest_key(plan.snapshot_id), manifest.to_json())
        commit = Commit(
            sequence=plan.sequence,
            snapshot_id=plan.snapshot_id,
            started_at=datetime.fromisoformat(plan.created_at),
            ended_at=ended_at,
            manifest_sha256=digest,
            state=certificate.state,
            claim=certificate.claim,
            causes=dated(certificate.causes, gaps),
            totals=certificate.totals,
            account_names=plan.account_names,
            slot=plan.slot,
            gaps=gaps,
        )
        values = self._chained(commit)
        if not self.blobs.create(keys.commit_key(plan.sequence), _encode(values)):
            raise CommitLost(
                "another scan committed while this one ran",
                do="Its snapshot is kept; run this one again.",
            )
        return commit

    def _chained(self, commit: Commit) -> dict[str, Any]:
        """Returns the content of a new commit's file, signed if there is a key.

        Raises StoreUnreadable if the commit before it is not trusted: it would vouch for it.
        """
        before = predecessor(self.blobs, commit.sequence)
        values: dict[str, Any] = {**commit.to_json(), PREVIOUS: link_to(before)}
        if self.key is None:
            return values
        if before:
            from sre_findings.store.snapshots.signing import Trust

            Trust(self.key).check(keys.commit_key(before["sequence"]), before)
        return self.key.signed(values)

    def _gaps(self, plan: Plan, certificate: Certificate) -> tuple[Gap, ...]:
        """The gaps of a snapshot. The one before it is read only if there are any."""
        cells = list(certificate.incomplete_cells())
        before = [one for one in self.commits() if one.sequence < plan.sequence] if cells else []
        return gaps_of(cells, self.earlier(before[-1]) if before else None)

    def earlier(self, commit: Commit) -> Earlier:
        """Returns what a snapshot knew of each cell."""
        cells = self.manifest(commit).certificate.cells
        return Earlier(commit.started_at.astimezone(UTC).isoformat(), cells, commit.gaps)

    def rewrite(self, commit: Commit) -> None:
        """Rewrites the layout of a commit whose files were moved. Nothing else changes."""
        values = json.loads(self.blobs.read(keys.commit_key(commit.sequence)))
        with self.blobs.write(keys.commit_key(commit.sequence)) as file:
            file.write(_encode({**values, "layout": commit.layout}))

    def discard(self, snapshot_id: str) -> None:
        """Removes the files of a snapshot, unless it is committed."""
        if any(commit.snapshot_id == snapshot_id for commit in self.commits()):
            return
        for key in self.files(snapshot_id):
            self.blobs.delete(key)

    def leftovers(self, now: datetime) -> list[str]:
        """Returns the IDs of uncommitted snapshots that were started more than a day ago.

        Their scans cannot be running any more.
        """
        known = {commit.snapshot_id for commit in self.commits()} | set(self.pruned())
        limit = (now - timedelta(days=1)).astimezone(UTC).strftime(STAMP)
        return sorted(one for one in self.ids() - known if one < limit)

    def _write(self, key: str, values: Mapping[str, Any]) -> str:
        body = _encode(values)
        with self.blobs.write(key) as file:
            file.write(body)
        return hashlib.sha256(body).hexdigest()


def _encode(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=1, sort_keys=True).encode()
