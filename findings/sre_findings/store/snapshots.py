"""Snapshots in a store: the plan, the shards' records, the manifest, and the commit that makes one
visible.

Where each lies is written in store/keys.py. The commit is the one conditional write: nothing exists
before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import CommitLost, StoreUnreadable
from sre_findings.model.snapshots.states import Cell
from sre_findings.store import keys
from sre_findings.store.blobs import Blobs, Missing

if TYPE_CHECKING:  # who asks the table reads no manifest, and what it is made of takes 10 ms
    from sre_findings.model.snapshots.certificate import Certificate
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import Part, ShardFacts

STAMP = "%Y%m%dT%H%M%SZ"
SCHEMA = 2
"""The version of the tables (store/schema.py) that this product writes; it reads all before it too.
A new column needs a new version, which store/fields.tsv names. 2 has names, reachability and marks
of rows."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One visible snapshot. ``started_at`` is its age's origin: nothing in it is known to be
    younger.

    ``totals`` are the certificate's; ``slot`` is the fire of a schedule that it was made for, empty
    where a person asked for it. ``schema`` is the version of its tables, ``layout`` where its files
    lie (store/keys.py).
    """

    sequence: int
    snapshot_id: str
    started_at: datetime
    ended_at: datetime
    manifest_sha256: str
    state: str
    claim: str
    reasons: tuple[str, ...]
    totals: Mapping[str, int]
    gaps: tuple[tuple[str, str, str, str, str], ...]
    account_names: Mapping[str, str] = field(default_factory=dict)
    slot: str = ""
    schema: int = SCHEMA
    layout: int = keys.LAYOUT

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the commit's file."""
        times = {name: getattr(self, name).isoformat() for name in ("started_at", "ended_at")}
        return asdict(self) | times

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Commit:
        """The reverse of :meth:`to_json`."""
        times = {name: datetime.fromisoformat(values[name]) for name in ("started_at", "ended_at")}
        gaps = tuple(
            (str(a), str(r), str(t), str(s), str(state)) for a, r, t, s, state in values["gaps"]
        )
        # what the first version wrote had neither
        first = {"schema": 1, "layout": keys.BY_SNAPSHOT}
        return cls(
            **{**first, **values, **times, "reasons": tuple(values["reasons"]), "gaps": gaps}
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds and what that proves."""

    plan: Plan
    shards: tuple[ShardFacts, ...]
    certificate: Certificate
    history: tuple[Part, ...] = ()

    @property
    def parts(self) -> Iterator[Part]:
        """Every Parquet file of the snapshot: what shards read, and what followed from it."""
        yield from (part for shard in self.shards for part in shard.parts)
        yield from self.history

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the manifest's file."""
        return {
            "schema": "sre-operations-assistant/manifest/v1",
            "snapshot_id": self.plan.snapshot_id,
            "plan": self.plan.to_json(),
            "shards": [facts.to_json() for facts in self.shards],
            "certificate": self.certificate.to_json(),
            "history": [asdict(part) for part in self.history],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Manifest:
        """The reverse of :meth:`to_json`."""
        from sre_findings.model.snapshots.certificate import Certificate
        from sre_findings.model.snapshots.scan_plan import Plan
        from sre_findings.model.snapshots.shard_facts import Part, ShardFacts

        shards = tuple(ShardFacts.from_json(facts) for facts in values["shards"])
        history = tuple(Part(**part) for part in values["history"])
        return cls(
            Plan.from_json(values["plan"]),
            shards,
            Certificate.from_json(values["certificate"]),
            history,
        )


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of one store. What is not committed is not listed, found or read by anything
    here but a scan."""

    blobs: Blobs

    def commits(self) -> list[Commit]:
        """Every commit, oldest first."""
        found = (self._commit(key) for key in self._commit_keys())
        return [commit for commit in found if commit is not None]

    def latest(self) -> Commit | None:
        """The newest commit, by sequence."""
        found = (self._commit(key) for key in reversed(self._commit_keys()))
        return next((commit for commit in found if commit is not None), None)

    def manifest(self, commit: Commit) -> Manifest:
        """The commit's manifest. Raises StoreUnreadable where it is gone or not the one that was
        committed."""
        try:
            body = self.blobs.read(keys.manifest_key(commit.snapshot_id, commit.layout))
        except Missing:
            raise _damaged(commit.snapshot_id, "its manifest is gone") from None
        if hashlib.sha256(body).hexdigest() != commit.manifest_sha256:
            raise _damaged(commit.snapshot_id, "its manifest is not the one that was committed")
        return Manifest.from_json(json.loads(body))

    def last_known(
        self, shard: str, commits: Sequence[Commit]
    ) -> tuple[Commit, tuple[Part, ...]] | None:
        """The newest of the commits whose history knows the shard, and the shard's parts there."""
        for commit in reversed(commits):
            manifest = self.manifest(commit)
            if any(part.key == f"states/part-{shard}.parquet" for part in manifest.history):
                return commit, tuple(part for part in manifest.parts if part.shard == shard)
        return None

    def part(self, commit: Commit, part: Part, to: Path) -> Path:
        """A local path of one part of a commit (see Blobs.fetch)."""
        return self.fetch(commit.snapshot_id, part.key, to, commit.layout)

    def fetch(self, snapshot_id: str, part: str, to: Path, layout: int = keys.LAYOUT) -> Path:
        """A local path of one part of a snapshot, committed or being made."""
        key = keys.part_key(snapshot_id, part, layout)
        try:
            return self.blobs.fetch(key, to / snapshot_id / part)
        except Missing:
            raise _damaged(snapshot_id, f"{part} is gone") from None

    def part_url(self, commit: Commit, part: Part) -> str:
        """Where the part lies, for engines that read the store themselves."""
        return f"{self.blobs.url}/{keys.part_key(commit.snapshot_id, part.key, commit.layout)}"

    def files(self, snapshot_id: str) -> list[str]:
        """The keys of everything of a snapshot, in either layout, committed or not, in the order in
        which they may be removed: its plan is the last, so that what a killed removal leaves is
        found again."""
        tables = [
            keys.partition(name, snapshot_id)
            for name in self.blobs.folders(keys.TABLES)
            if keys.is_table(name)
        ]
        places = [*tables, keys.records(snapshot_id, keys.BY_SNAPSHOT), keys.records(snapshot_id)]
        found = [key for place in places for key in self.blobs.keys(place)]
        return sorted(found, key=lambda key: key.endswith("/plan.json"))

    def ids(self) -> set[str]:
        """Every snapshot that has files, committed or not, in either layout."""
        named = (
            name.removeprefix(f"{keys.PARTITION}=") for name in self.blobs.folders(keys.RECORDS)
        )
        return {name for name in named if keys.is_snapshot_id(name)}

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
                "another scan began in the same second", do="It goes on; run this one again."
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
            reasons=certificate.reasons,
            totals=certificate.totals,
            account_names=plan.account_names,
            slot=plan.slot,
            gaps=tuple((*_four(cell), state) for cell, state in certificate.incomplete_cells()),
        )
        if not self.blobs.create(keys.commit_key(plan.sequence), _encode(commit.to_json())):
            raise CommitLost(
                "another scan committed while this one ran",
                do="Its snapshot stands; run this one again.",
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

    def pruned(self) -> Iterator[str]:
        """Ids of snapshots that were pruned: their files go by themselves (see store/pruning.py)."""
        yield from (
            json.loads(self.blobs.read(key))["snapshot_id"]
            for key in self.blobs.keys(keys.TOMBSTONES)
        )

    def _commit_keys(self) -> list[str]:
        return [key for key in self.blobs.keys(keys.COMMITS) if key.endswith(".json")]

    def _commit(self, key: str) -> Commit | None:
        """The commit, or None where it was pruned since it was listed."""
        try:
            values = json.loads(self.blobs.read(key))
            if _is_newer(values):
                raise _of_a_newer_version(f"{self.blobs.url}/{key}", values)
            return Commit.from_json(values)
        except Missing:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnreadable(
                f"{self.blobs.url}/{key} is not a commit", why=str(error), do="Restore it."
            ) from error

    def _write(self, key: str, values: Mapping[str, Any]) -> str:
        body = _encode(values)
        with self.blobs.write(key) as file:
            file.write(body)
        return hashlib.sha256(body).hexdigest()


def _four(cell: Cell) -> tuple[str, str, str, str]:
    return cell


def _encode(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, indent=1, sort_keys=True).encode()


def _is_newer(values: Mapping[str, Any]) -> bool:
    """Whether a later version of the product wrote the commit, of whose files this one knows
    nothing."""
    told = dict(values)
    return (
        int(told.get("schema", 1)) > SCHEMA
        or int(told.get("layout", keys.BY_SNAPSHOT)) > keys.LAYOUT
    )


def _of_a_newer_version(place: str, values: Mapping[str, Any]) -> StoreUnreadable:
    told = (
        f"tables of version {values.get('schema', 1)} in layout"
        f" {values.get('layout', keys.BY_SNAPSHOT)}"
    )
    why = f"it has {told}, and this version reads up to {SCHEMA} and {keys.LAYOUT}"
    return StoreUnreadable(
        f"{place} was written by a newer version",
        why=why,
        do="Upgrade this one: pip install --upgrade.",
    )


def _damaged(snapshot_id: str, why: str) -> StoreUnreadable:
    return StoreUnreadable(
        f"snapshot {snapshot_id} is damaged", why=why, do="Run: sre-cli snapshots verify."
    )
