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

import pyarrow as pa
import pyarrow.parquet as pq
from tests.fuzz.target import Broken
from tests.fuzz.values import changed, encoded
from tests.support.sources import folder_sources

from sre_findings.model.errors import SreError
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    Changes,
    CoverageGaps,
    DueDates,
    Exposure,
    FindingList,
    FixEffects,
    Fixes,
    Priorities,
    Sla,
    SnapshotList,
    Summary,
    TimeToFix,
    Trend,
    Vulnerabilities,
    VulnerabilityDetails,
)
from sre_findings.sources.cache import Caches
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.reader import Snapshots

QUESTIONS = (
    Summary("account"),
    Vulnerabilities("prod-web-36"),
    Vulnerabilities("nothing"),
    VulnerabilityDetails("log4shell"),
    CoverageGaps(),
    SnapshotList(),
    Fixes(3),
    FixEffects(3),
    FindingList(),
    Exposure("openssl"),
    Priorities(),
    Changes(),
    DueDates(),
    Sla(),
    TimeToFix(),
    Trend(),
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
        change = rng.choice((_spoil, _set_odd_values))
        change(rng, rng.choice([*_parts(store, manifest_file)]), manifest_file)
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
    for part in _named(manifest):
        yield store / keys.part_key(manifest["snapshot_id"], part["key"]), part


def _spoil(rng: Random, one: tuple[Path, dict[str, Any]], manifest_file: Path) -> None:
    """Changes bytes of a part, and its checksum in the manifest."""
    path, _ = one
    body = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 4, 50))):
        body[rng.randrange(len(body))] = rng.randrange(256)
    _replace(one, bytes(body), manifest_file)


def _set_odd_values(rng: Random, one: tuple[Path, dict[str, Any]], manifest_file: Path) -> None:
    """Sets cells of a part to values at the limits of their type, and its checksum."""
    path, _ = one
    table = pq.read_table(path)
    for _ in range(rng.choice((1, 1, 3))):
        place = rng.randrange(table.num_columns)
        field, column = table.schema.field(place), table.column(place)
        # Python has no times as far as the limits of Parquet
        stored = pa.int64() if pa.types.is_timestamp(field.type) else field.type
        cells = column.cast(stored).to_pylist()
        for row in rng.sample(range(len(cells)), min(len(cells), rng.choice((1, len(cells))))):
            cells[row] = _odd_value(rng, field, cells[row])
        table = table.set_column(place, field, pa.array(cells, stored).cast(field.type))
    body = pa.BufferOutputStream()
    pq.write_table(table, body)
    _replace(one, body.getvalue().to_pybytes(), manifest_file)


def _odd_value(rng: Random, field: pa.Field, value: Any) -> Any:
    """A value of the type that a scan does not write; the value itself for other types."""
    if field.nullable and not rng.randrange(5):
        return None
    kind = field.type
    if pa.types.is_integer(kind):
        low = 0 if pa.types.is_unsigned_integer(kind) else -(2 ** (kind.bit_width - 1))
        return rng.choice((low, low + 2**kind.bit_width - 1, 0))
    if pa.types.is_timestamp(kind):
        return rng.choice((-(2**63) + 1, 2**63 - 1, 2**62, 0))
    if pa.types.is_floating(kind):
        return rng.choice((float("nan"), float("inf"), -float("inf"), -1e308))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return rng.choice(("", "\x00", "é" * 9000, "[", "{}", "9999-12-31", "0001-01-01"))
    return value


def _replace(one: tuple[Path, dict[str, Any]], body: bytes, manifest_file: Path) -> None:
    """Writes the part, and its checksum and size into the manifest."""
    path, part = one
    path.write_bytes(body)
    manifest = json.loads(manifest_file.read_text())
    for named in _named(manifest):
        if named["key"] == part["key"]:
            named |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    manifest_file.write_text(json.dumps(manifest))


def _named(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for shard in manifest["shards"]:
        yield from shard["parts"]
    yield from manifest["history"]


def _files(folder: Path) -> set[tuple[str, int]]:
    found = set()
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found.add((str(path), path.stat().st_mtime_ns if path.is_file() else 0))
    return found
