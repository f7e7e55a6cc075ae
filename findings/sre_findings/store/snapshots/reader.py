"""Reads the snapshots of a store: commits, manifests and parts.

``keys`` defines the keys of the files, and ``writer`` writes snapshots. A snapshot without a commit
is invisible to readers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason, from_json, texts
from sre_findings.store.objects.blobs import BlobReader, Missing
from sre_findings.store.objects.part_checks import fault
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.chain import PREVIOUS, SIGNATURE
from sre_findings.store.snapshots.decoding import (
    check_parts,
    check_plan,
    commit_of,
    damaged,
    decoding,
    tombstone_values,
)

if TYPE_CHECKING:  # imported lazily (10 ms): queries of the table read no manifest
    from sre_findings.model.answers.snapshots import SnapshotItem
    from sre_findings.model.snapshots.certificate import Certificate
    from sre_findings.model.snapshots.scan_plan import Plan
    from sre_findings.model.snapshots.shard_facts import Part, ShardFacts
    from sre_findings.store.snapshots.signing import SigningKey, Trust

STAMP = "%Y%m%dT%H%M%SZ"
"""The format of the time in a snapshot ID, in UTC."""
SCHEMA = 3
"""The version of the tables (``store/schema/tables.py``) that is written. Older ones can be read.

A new column needs a new version, recorded in ``store/schema/fields.tsv``. Version 2 added names,
reachability and annotations of rows; version 3 what is known of findings in unread cells.
"""


_DERIVED = ("reasons", PREVIOUS, SIGNATURE)  # fields of a commit's file that no Commit has


@dataclass(frozen=True, slots=True)
class Commit:
    """One visible snapshot. Its age counts from ``started_at``, the earliest time of its data.

    ``totals`` come from the completeness check. ``slot`` is the slot of the schedule that
    started the scan, or empty if a user started it. ``schema`` is the version of its tables,
    and ``layout`` that of its keys (store/snapshots/keys.py).
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
    gaps: tuple[Gap, ...]
    account_names: Mapping[str, str] = field(default_factory=dict)
    slot: str = ""
    schema: int = SCHEMA
    layout: int = keys.LAYOUT

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the snapshot is partial, as sentences."""
        return texts(self.causes)

    def to_json(self) -> SnapshotItem:
        """Returns plain data for the commit's file, with the causes also as sentences."""
        values: SnapshotItem = {
            "sequence": self.sequence,
            "snapshot_id": self.snapshot_id,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "manifest_sha256": self.manifest_sha256,
            "state": self.state,
            "claim": self.claim,
            "reasons": self.reasons,
            "totals": dict(self.totals),
            "gaps": self.gaps,
            "account_names": dict(self.account_names),
            "slot": self.slot,
            "schema": self.schema,
            "layout": self.layout,
        }
        if self.causes:
            values["causes"] = [one.to_json() for one in self.causes]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Commit:
        """Creates a Commit from the data of :meth:`to_json`."""
        times = {name: datetime.fromisoformat(values[name]) for name in ("started_at", "ended_at")}
        gaps = tuple(Gap(*map(str, gap)) for gap in values["gaps"])
        others = {name: value for name, value in values.items() if name not in _DERIVED}
        # The first version wrote neither key.
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
        """Yields every Parquet file of the snapshot: the parts of the shards, then the history."""
        yield from (part for shard in self.shards for part in shard.parts)
        yield from self.history

    def to_json(self) -> dict[str, Any]:
        """Returns plain data for the manifest's file."""
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
        """Creates a Manifest from the data of :meth:`to_json`."""
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
    """The committed snapshots of one store, read-only.

    With ``key``, a commit that is not trusted is refused (``signing``).
    """

    blobs: BlobReader
    key: SigningKey | None = field(default=None, kw_only=True)

    def commits(self) -> list[Commit]:
        """Returns every commit, oldest first."""
        return [*self.newest_first()][::-1]

    def latest(self) -> Commit | None:
        """Returns the newest commit by sequence, or None if there is no commit."""
        return next(self.newest_first(), None)

    def newest_first(self) -> Iterator[Commit]:
        """Yields every commit, newest first. Each is read when it is needed."""
        trust = _trust(self.key)
        found = (self._commit(key, trust) for key in reversed(self._commit_keys()))
        return (commit for commit in found if commit is not None)

    def manifest(self, commit: Commit) -> Manifest:
        """Returns the commit's manifest. Raises StoreUnreadable if it is missing or was changed."""
        try:
            body = self.blobs.read(keys.manifest_key(commit.snapshot_id, commit.layout))
        except Missing:
            raise damaged(commit.snapshot_id, "its manifest is gone") from None
        if hashlib.sha256(body).hexdigest() != commit.manifest_sha256:
            raise damaged(commit.snapshot_id, "its manifest is not the one that was committed")
        with decoding(commit.snapshot_id, "its manifest"):
            manifest = Manifest.from_json(json.loads(body))
            check_plan(manifest.plan, commit.snapshot_id, commit.sequence, commit.started_at)
            check_parts(manifest.parts)
            return manifest

    def last_known(
        self, shard: str, commits: Sequence[Commit]
    ) -> tuple[Commit, tuple[Part, ...]] | None:
        """Returns the newest of the commits whose history contains the shard, with its parts.

        Returns None if no commit contains it.
        """
        for commit in reversed(commits):
            manifest = self.manifest(commit)
            if any(part.key == f"states/part-{shard}.parquet" for part in manifest.history):
                return commit, tuple(part for part in manifest.parts if part.shard == shard)
        return None

    def part(self, commit: Commit, part: Part, to: Path) -> Path:
        """Returns a local path of one verified part of a commit. See ``fetch``."""
        return self.fetch(commit.snapshot_id, part, to, commit.layout)

    def fetch(self, snapshot_id: str, part: Part, to: Path, layout: int = keys.LAYOUT) -> Path:
        """Returns a local path of one part of a snapshot, which need not be committed yet.

        In a folder store this is the part itself, otherwise a copy below ``to``. Raises
        StoreUnreadable if the part is missing or has other bytes than those of the manifest.
        """
        path = self.unverified(snapshot_id, part, to, layout)
        if why := fault(path, part):
            raise damaged(snapshot_id, why)
        return path

    def unverified(self, snapshot_id: str, part: Part, to: Path, layout: int) -> Path:
        """Returns a local path of one part, whose content was not compared with the manifest.

        Raises StoreUnreadable if the part is missing.
        """
        key = keys.part_key(snapshot_id, part.key, layout)
        try:
            return self.blobs.fetch(key, to / snapshot_id / part.key, part.bytes)
        except Missing:
            raise damaged(snapshot_id, f"{part.key} is gone") from None

    def part_url(self, commit: Commit, part: Part) -> str:
        """Returns the part's URL, for engines that read the store directly."""
        return f"{self.blobs.url}/{keys.part_key(commit.snapshot_id, part.key, commit.layout)}"

    def files(self, snapshot_id: str) -> list[str]:
        """Returns the keys of all files of a snapshot, in either layout, in the order of removal.

        The snapshot need not be committed. The plan comes last, so that an interrupted
        removal can be found and resumed.
        """
        tables = [
            keys.partition(name, snapshot_id)
            for name in self.blobs.folders(keys.TABLES)
            if keys.is_table(name)
        ]
        places = [*tables, keys.records(snapshot_id, keys.BY_SNAPSHOT), keys.records(snapshot_id)]
        found = [key for place in places for key in self.blobs.keys(place)]
        return sorted(found, key=lambda key: key.endswith("/plan.json"))

    def ids(self) -> set[str]:
        """Returns the IDs of all snapshots with files, committed or not, in either layout."""
        named = (
            name.removeprefix(f"{keys.PARTITION}=") for name in self.blobs.folders(keys.RECORDS)
        )
        return {name for name in named if keys.is_snapshot_id(name)}

    def pruned(self) -> Iterator[str]:
        """Yields the IDs of pruned snapshots. store/snapshots/pruning.py removes their files."""
        yield from (
            tombstone_values(key, self.blobs.read(key))["snapshot_id"]
            for key in self.blobs.keys(keys.TOMBSTONES)
            if key.endswith(".json")
        )

    def _commit_keys(self) -> list[str]:
        return [key for key in self.blobs.keys(keys.COMMITS) if key.endswith(".json")]

    def _commit(self, key: str, trust: Trust | None) -> Commit | None:
        """Returns the commit, or None if it was pruned after it was listed."""
        try:
            body = self.blobs.read(key)
        except Missing:
            return None
        commit = commit_of(key, self.blobs.url, body, SCHEMA, Commit.from_json)
        if trust:
            trust.check(f"{self.blobs.url}/{key}", json.loads(body))
        return commit


def _trust(key: SigningKey | None) -> Trust | None:
    if key is None:
        return None
    from sre_findings.store.snapshots.signing import Trust

    return Trust(key)
