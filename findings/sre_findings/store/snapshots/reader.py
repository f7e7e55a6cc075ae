"""Reading the snapshots of a store: commits, manifests and parts.

``keys`` has the keys of its files, ``writer`` writes one. A snapshot without a commit does not
exist for a reader.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.reasons import Reason, from_json, texts
from sre_findings.store.objects.blobs import BlobReader, Missing
from sre_findings.store.snapshots import keys

if TYPE_CHECKING:  # who asks the table reads no manifest, and what it is made of takes 10 ms
    from sre_findings.model.answers.snapshots import SnapshotItem
    from sre_findings.model.snapshots.certificate import Certificate
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import Part, ShardFacts

STAMP = "%Y%m%dT%H%M%SZ"
"""How the time in a snapshot's id is written, in UTC."""
SCHEMA = 2
"""The version of the tables (``store/schema/tables.py``) that is written. Older ones are read too.

A new column needs a new version, which ``store/schema/fields.tsv`` names. Version 2 has names,
reachability and marks of rows.
"""


@dataclass(frozen=True, slots=True)
class Commit:
    """One visible snapshot. ``started_at`` is its age's origin: nothing in it is known to be
    younger.

    ``totals`` are the certificate's; ``slot`` is the fire of a schedule that it was made for, empty
    where a person asked for it. ``schema`` is the version of its tables, ``layout`` where its files
    lie (store/snapshots/keys.py).
    """

    sequence: int
    snapshot_id: str
    started_at: datetime
    ended_at: datetime
    manifest_sha256: str
    state: str
    claim: str
    causes: tuple[Reason, ...]
    totals: Mapping[str, int]
    gaps: tuple[tuple[str, str, str, str, str], ...]
    account_names: Mapping[str, str] = field(default_factory=dict)
    slot: str = ""
    schema: int = SCHEMA
    layout: int = keys.LAYOUT

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the snapshot is partial, as sentences."""
        return texts(self.causes)

    def to_json(self) -> SnapshotItem:
        """Plain data, for the commit's file: the causes as sentences too."""
        values: SnapshotItem = {
            "sequence": self.sequence,
            "snapshot_id": self.snapshot_id,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "manifest_sha256": self.manifest_sha256,
            "state": self.state,
            "claim": self.claim,
            "totals": dict(self.totals),
            "gaps": self.gaps,
            "account_names": dict(self.account_names),
            "slot": self.slot,
            "schema": self.schema,
            "layout": self.layout,
            "reasons": self.reasons,
        }
        if self.causes:
            values["causes"] = [one.to_json() for one in self.causes]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Commit:
        """The reverse of :meth:`to_json`."""
        times = {name: datetime.fromisoformat(values[name]) for name in ("started_at", "ended_at")}
        gaps = tuple(
            (str(a), str(r), str(t), str(s), str(state)) for a, r, t, s, state in values["gaps"]
        )
        others = {name: value for name, value in values.items() if name != "reasons"}
        # the first version wrote neither
        first = {"schema": 1, "layout": keys.BY_SNAPSHOT}
        return cls(**{**first, **others, **times, "causes": from_json(values), "gaps": gaps})


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of a snapshot and its completeness check."""

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
    """The committed snapshots of one store. Nothing here writes."""

    blobs: BlobReader

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
        """The part's URL, for engines that read the store directly."""
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

    def pruned(self) -> Iterator[str]:
        """IDs of pruned snapshots; store/snapshots/pruning.py removes their files."""
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
