"""Without an earlier or a later snapshot there is nothing to compare with, and answers say why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import make_sources

from sre_findings.queries import ask
from sre_findings.questions.catalogue import Changes, Summary
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter


@pytest.mark.parametrize("count", [1, 2, 3])
def test_changes_and_summary_say_the_same_of_each_snapshot(
    tmp_path: Path, write_night: Callable[..., Any], count: int
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    nights = [write_night(snapshots, number) for number in range(1, count + 1)]
    now = nights[-1].ended_at + timedelta(days=9)
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path, now)
    for night in nights:
        answer = ask(Changes(as_of=night.snapshot_id), sources)
        proof = ask(Summary(as_of=night.snapshot_id), sources).proof
        assert (answer.proof.too_old, answer.proof.snapshot_id) == (False, proof.snapshot_id)
        assert answer.proof.too_old == proof.too_old
        first = night is nights[0]
        assert ("is the only snapshot" in answer.headline) == (first and count == 1)
        assert ("has no earlier snapshot" in answer.headline) == (first and count > 1)
    assert ask(Changes(), sources).proof.too_old, "without a time, a stale snapshot is stale"


def test_changes_since_the_newest_snapshot_have_nothing_to_compare_with(
    tmp_path: Path, write_night: Callable[..., Any]
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    first, last = (write_night(snapshots, number) for number in (1, 2))
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path, last.ended_at)
    for question, head in (
        (Changes(last.snapshot_id), last),
        (Changes(first.snapshot_id, first.snapshot_id), first),
    ):
        answer = ask(question, sources)
        told = f"There is no later snapshot to compare {head.snapshot_id} with"
        assert answer.headline.startswith(told)
        assert (answer.items, answer.facts["since"]) == ([], None)
