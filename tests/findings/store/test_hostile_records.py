"""Whatever a record of a store contains, reading it ends with an answer or one line of error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings.store.test_hostile_stores import NOW, UP
from tests.findings.store.test_part_cache import night

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.snapshots.freshness import freshness
from sre_findings.model.snapshots.retention import Fate, Keep, fates
from sre_findings.store.objects.blobs import Blobs, FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots import keys
from sre_findings.store.snapshots.chain import breaks
from sre_findings.store.snapshots.integrity import verify
from sre_findings.store.snapshots.pruning import hold, holds, prune, tombstones
from sre_findings.store.snapshots.writer import SnapshotWriter

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from([UP, "20261101T010000Z", "findings/part-0.parquet", "0" * 64]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the path of every value in a JSON document."""
    inner: Any = values.items() if isinstance(values, dict) else ()
    if isinstance(values, list):
        inner = enumerate(values)
    return [path, *(one for name, value in inner for one in places(value, (*path, name)))]


def with_value(values: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Returns the document with another value at a path."""
    if not path:
        return value
    copied = values.copy()
    copied[path[0]] = with_value(values[path[0]], path[1:], value)
    return copied


@pytest.fixture(scope="module")
def pruned_once(tmp_path_factory: pytest.TempPathFactory) -> SnapshotWriter:
    """Two snapshots and the record of a pruned one, alone in a folder of their own."""
    snapshots = SnapshotWriter(FolderBlobs(tmp_path_factory.mktemp("home") / "store"))
    commits = [night(snapshots, number)[0] for number in (1, 2, 3)]
    list(prune(snapshots, [Fate(commits[0].snapshot_id, kept=False, why="old")], NOW))
    hold(snapshots, commits[1], "legal", "a case", NOW)
    return snapshots


@given(st.data())
def test_no_value_in_any_record_is_more_than_one_line_of_error(
    pruned_once: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    blobs = pruned_once.blobs
    names = [name for name in blobs.keys("") if name.endswith(".json") and "plan" not in name]
    name = data.draw(st.sampled_from(names))
    values = json.loads(blobs.read(name))
    path = data.draw(st.sampled_from(places(values)))
    changed = with_value(values, path, data.draw(JSON))
    commit = keys.commit_key(2 if "20261102" in name else 3)
    kept = {one: blobs.read(one) for one in (commit, name)}
    if "manifest" in name:
        digest = hashlib.sha256(json.dumps(changed).encode()).hexdigest()
        write(blobs, commit, {**json.loads(kept[commit]), "manifest_sha256": digest})
    write(blobs, name, changed)
    try:
        ask_everything(pruned_once, tmp_path_factory.getbasetemp() / "copies")
    finally:
        for one, body in kept.items():
            with blobs.write(one) as file:
                file.write(body)


def write(blobs: Blobs, key: str, values: Any) -> None:
    with blobs.write(key) as file:
        file.write(json.dumps(values).encode())


def ask_everything(snapshots: SnapshotWriter, copies: Path) -> None:
    """Calls what reads records. The only error of each may be one line."""
    for call in (
        lambda: [list(verify(snapshots, one)) for one in snapshots.commits()],
        lambda: [
            Copies(copies).paths(snapshots, [(one, part) for part in snapshots.manifest(one).parts])
            for one in snapshots.commits()
        ],
        lambda: list(breaks(snapshots.blobs)),
        lambda: tombstones(snapshots.blobs),
        lambda: snapshots.leftovers(NOW),
        lambda: [(one.to_json(), one.started_at < NOW) for one in snapshots.commits()],
        lambda: fates(snapshots.commits(), Keep(1, 1, 1), holds(snapshots.blobs)),
        lambda: freshness(snapshots.commits(), NOW),
        lambda: holds(snapshots.blobs),
    ):
        if raised := error_of(call):
            assert "\n" not in str(raised)


def error_of(call: Callable[[], object]) -> StoreUnreadable | None:
    try:
        call()
    except StoreUnreadable as error:
        return error
    return None
