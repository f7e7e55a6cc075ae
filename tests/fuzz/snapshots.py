"""Random changes of commits, manifests and parts, with checksums that match.

Each question is answered or refused with a message, and nothing outside the store changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.target import Broken
from tests.fuzz.values import changed, encoded
from tests.support.sources import folder_sources

from sre_findings.model.errors import SreError
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CoverageGaps, SnapshotList, Summary, Vulnerabilities
from sre_findings.questions.remediation import Fixes
from sre_findings.sources.cache import Caches
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.reader import Snapshots

QUESTIONS = (
    Summary("account"),
    Vulnerabilities("prod-web-36"),
    Vulnerabilities("nothing"),
    CoverageGaps(),
    SnapshotList(),
    Fixes(3),
)


def check(store: Path, now: datetime, seed: int, numbers: Iterable[int]) -> Counter[str]:
    """Changes a copy of the store once for each number, and asks. Raises Broken."""
    counts = Counter[str]()
    room = store.parent / "fuzzed"
    outside = _files(store.parent)
    for number in numbers:
        rng = Random(f"snapshots:{seed}:{number}")
        copy = shutil.copytree(store, room / "store")
        (room / "beside").write_text("stays")
        try:
            _change(rng, copy)
            counts[_asked(rng, copy, now)] += 1
        except Exception as error:
            raise Broken(f"seed {seed}, change {number}: {error!r}") from error
        if (room / "beside").read_text() != "stays":
            raise Broken(f"seed {seed}, change {number}: a file beside the store has changed")
        shutil.rmtree(room)
        if _files(store.parent) != outside:
            raise Broken(f"seed {seed}, change {number}: files beside the store have changed")
    return counts


def _asked(rng: Random, store: Path, now: datetime) -> str:
    sources = replace(folder_sources(store, at=now), caches=Caches())
    try:
        ask(rng.choice(QUESTIONS), sources)
    except SreError as error:
        return type(error).__name__
    return "answered"


def _change(rng: Random, store: Path) -> None:
    """Changes one file, and in most cases the checksums that name it."""
    reader = Snapshots(folder_sources(store).stores.snapshots.blobs)
    commit = reader.latest()
    assert commit
    commit_file = store / keys.commit_key(commit.sequence)
    manifest_file = store / keys.manifest_key(commit.snapshot_id)
    kind = rng.randrange(3)
    if kind == 0:
        _write(rng, commit_file, json.loads(commit_file.read_text()))
        return
    if kind == 1:
        _write(rng, manifest_file, json.loads(manifest_file.read_text()))
    else:
        _spoil(rng, rng.choice([*_parts(store, manifest_file)]), manifest_file)
    if rng.random() < 0.9:
        values = json.loads(commit_file.read_text())
        values["manifest_sha256"] = hashlib.sha256(manifest_file.read_bytes()).hexdigest()
        commit_file.write_text(json.dumps(values))


def _write(rng: Random, path: Path, values: Any) -> None:
    for _ in range(rng.choice((1, 1, 2, 4))):
        values = changed(rng, values)
    path.write_bytes(encoded(rng, values))


def _parts(store: Path, manifest_file: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    manifest = json.loads(manifest_file.read_text())
    for part in [one for shard in manifest["shards"] for one in shard["parts"]] + manifest[
        "history"
    ]:
        yield store / keys.part_key(manifest["snapshot_id"], part["key"]), part


def _spoil(rng: Random, one: tuple[Path, dict[str, Any]], manifest_file: Path) -> None:
    """Changes bytes of a part, and its checksum in the manifest."""
    path, part = one
    body = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 4, 50))):
        body[rng.randrange(len(body))] = rng.randrange(256)
    path.write_bytes(body)
    text = manifest_file.read_text()
    text = text.replace(part["sha256"], hashlib.sha256(body).hexdigest())
    manifest_file.write_text(text)


def _files(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found.add((str(path), path.stat().st_mtime_ns if path.is_file() else 0))
    return found
