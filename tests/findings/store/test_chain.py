"""The chain of commits shows that a snapshot was replaced, or removed without being pruned."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.findings.store.test_pruning import NOW, doomed, ids, store
from tests.support.mortal_blobs import Killed, MortalBlobs

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.objects.blobs import Blobs
from sre_findings.store.snapshots.chain import breaks, sum_of
from sre_findings.store.snapshots.keys import BY_SNAPSHOT, commit_key, tombstone_key
from sre_findings.store.snapshots.pruning import GRACE, prune, sweep
from sre_findings.store.snapshots.writer import SnapshotWriter


@pytest.fixture
def snapshots(tmp_path: Path) -> SnapshotWriter:
    """Four snapshots, with the numbers 1 to 4."""
    return store(tmp_path)


def values_of(blobs: Blobs, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blobs.read(key))
    return found


def edit(blobs: Blobs, key: str, change: Callable[[dict[str, Any]], object]) -> None:
    values = values_of(blobs, key)
    change(values)
    with blobs.write(key) as file:
        file.write(json.dumps(values).encode())


def unchained(blobs: Blobs, *numbers: int) -> None:
    """Makes commits look as if an older version had written them, from the last to the first."""
    for number in numbers:
        edit(blobs, commit_key(number), lambda values: values.pop("previous"))
    following = max(numbers) + 1
    digest = sum_of(values_of(blobs, commit_key(max(numbers))))
    edit(blobs, commit_key(following), lambda values: values["previous"].update(sha256=digest))
    if following < 4:
        edit(
            blobs,
            commit_key(4),
            lambda values: values["previous"].update(
                sha256=sum_of(values_of(blobs, commit_key(following)))
            ),
        )


def broken(snapshots: SnapshotWriter) -> list[tuple[str, str]]:
    return list(breaks(snapshots.blobs))


def test_each_commit_has_the_number_and_checksum_of_the_one_before(
    snapshots: SnapshotWriter,
) -> None:
    commits = [values_of(snapshots.blobs, commit_key(number)) for number in (1, 2, 3, 4)]
    assert [one["previous"] for one in commits] == [
        None,
        *({"sequence": one["sequence"], "sha256": sum_of(one)} for one in commits[:3]),
    ]
    assert broken(snapshots) == []
    assert "previous" not in snapshots.commits()[1].to_json()


@pytest.mark.parametrize(
    "change", [{"claim": "x"}, {"manifest_sha256": "0" * 64}, {"previous": None}, {"odd": 1}]
)
def test_a_snapshot_that_was_replaced_shows(
    snapshots: SnapshotWriter, change: dict[str, Any]
) -> None:
    edit(snapshots.blobs, commit_key(2), lambda values: values.update(change))
    found = dict(broken(snapshots))
    assert found[commit_key(3)] == "number 2 is not the snapshot that it was committed after"
    assert ("previous" in change) == (commit_key(2) in found)


def test_a_snapshot_that_was_removed_shows(snapshots: SnapshotWriter) -> None:
    snapshots.blobs.delete(commit_key(2))
    assert broken(snapshots) == [
        (commit_key(3), "number 2 is missing, and no record says that it was pruned")
    ]
    snapshots.blobs.delete(commit_key(1))
    snapshots.blobs.delete(commit_key(3))
    assert [key for key, _ in broken(snapshots)] == [commit_key(4)]


def test_a_number_that_was_skipped_shows(snapshots: SnapshotWriter) -> None:
    first = values_of(snapshots.blobs, commit_key(1))
    link = {"sequence": 1, "sha256": sum_of(first)}
    edit(snapshots.blobs, commit_key(3), lambda values: values.update(previous=link))
    assert broken(snapshots)[0] == (
        commit_key(3),
        "number 2 is missing: it was committed after number 1",
    )


def test_pruning_does_not_break_the_chain(snapshots: SnapshotWriter) -> None:
    assert len(list(prune(snapshots, doomed(snapshots), NOW))) == 3
    assert broken(snapshots) == []
    list(sweep(snapshots, NOW + GRACE))
    assert (len(ids(snapshots)), broken(snapshots)) == (1, [])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_record_of_pruning_that_is_gone_or_of_another_snapshot_shows(
    snapshots: SnapshotWriter, number: int
) -> None:
    list(prune(snapshots, doomed(snapshots), NOW))
    edit(snapshots.blobs, tombstone_key(number), lambda values: values.update(sha256="0" * 64))
    following = tombstone_key(number + 1) if number < 3 else commit_key(4)
    assert [key for key, _ in broken(snapshots)] == [following]
    edit(snapshots.blobs, tombstone_key(number), lambda values: values.pop("sha256"))
    assert [key for key, _ in broken(snapshots)] == [following]
    snapshots.blobs.delete(tombstone_key(number))
    assert [key for key, _ in broken(snapshots)] == [following]


def test_a_record_of_pruning_for_a_snapshot_that_was_replaced_shows(
    snapshots: SnapshotWriter,
) -> None:
    before = snapshots.blobs.read(commit_key(1))
    list(prune(snapshots, doomed(snapshots), NOW))
    snapshots.blobs.create(commit_key(1), before)
    assert broken(snapshots) == []
    edit(snapshots.blobs, commit_key(1), lambda values: values.update(claim="x"))
    assert [key for key, _ in broken(snapshots)] == [tombstone_key(1), commit_key(2)] or [
        key for key, _ in broken(snapshots)
    ] == [tombstone_key(1), tombstone_key(2)]


CHANGES = 3 * 2 + 3 * 4


@pytest.mark.parametrize("changes", range(CHANGES + 1))
def test_a_prune_that_was_killed_at_any_moment_leaves_the_chain_whole(
    changes: int, tmp_path: Path
) -> None:
    snapshots = store(tmp_path)
    mortal = SnapshotWriter(MortalBlobs(tmp_path, changes))
    with pytest.raises(Killed) if changes < CHANGES else contextlib.nullcontext():
        list(prune(mortal, doomed(snapshots), NOW))
        list(sweep(mortal, NOW + GRACE))
    assert broken(snapshots) == []
    list(prune(snapshots, doomed(snapshots), NOW + timedelta(days=3)))
    assert broken(snapshots) == []


def test_commits_of_older_versions_are_accepted_before_the_chain_began(
    snapshots: SnapshotWriter,
) -> None:
    unchained(snapshots.blobs, 2, 1)
    assert broken(snapshots) == []
    snapshots.blobs.delete(commit_key(1))
    assert broken(snapshots) == []
    list(prune(snapshots, doomed(snapshots), NOW))
    assert broken(snapshots) == []


def test_a_commit_without_a_predecessor_after_the_chain_began_shows(
    snapshots: SnapshotWriter,
) -> None:
    edit(snapshots.blobs, commit_key(4), lambda values: values.pop("previous"))
    assert broken(snapshots) == [
        (commit_key(4), "it has no checksum of the snapshot before it, and number 1 has one")
    ]


def test_a_second_first_snapshot_shows(snapshots: SnapshotWriter) -> None:
    edit(snapshots.blobs, commit_key(4), lambda values: values.update(previous=None))
    assert broken(snapshots) == [
        (commit_key(4), "it says that it is the first snapshot, but number 3 exists")
    ]


def test_converting_a_layout_does_not_break_the_chain(snapshots: SnapshotWriter) -> None:
    edit(snapshots.blobs, commit_key(2), lambda values: values.update(layout=BY_SNAPSHOT))
    assert broken(snapshots) == []
    before = values_of(snapshots.blobs, commit_key(2))
    (second,) = (one for one in snapshots.commits() if one.sequence == 2)
    snapshots.rewrite(replace(second, layout=2))
    assert values_of(snapshots.blobs, commit_key(2)) == {**before, "layout": 2}
    assert broken(snapshots) == []


@pytest.mark.parametrize("previous", ["x", 7, {"sequence": 1}, {"sequence": "x", "sha256": ""}])
def test_a_link_that_cannot_be_read_is_one_line(
    snapshots: SnapshotWriter, previous: object
) -> None:
    edit(snapshots.blobs, commit_key(4), lambda values: values.update(previous=previous))
    with pytest.raises(StoreUnreadable, match=r"commits/000000000004.json cannot be read: ") as one:
        broken(snapshots)
    assert "\n" not in str(one.value)
