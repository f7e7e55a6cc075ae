"""A table that is lost while a server uses it gives no zeroes: the same is counted from files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import folder_sources

from sre_findings.queries import ask
from sre_findings.questions.catalogue import DueDates, Sla, Summary, Trend, Vulnerabilities
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.rollups import MARKERS
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

NOTE = "The table lacks the counts of this snapshot; they are counted from its files."


def deleted(table: Path) -> None:
    table.unlink()


def emptied(table: Path) -> None:
    with sqlite3.connect(table) as connection:
        connection.execute("delete from rows")


def without_newest_marker(table: Path) -> None:
    rows = SqliteTable(table)
    newest = next(rows.query(MARKERS, newest=1))
    rows.remove(MARKERS, newest.sort)


LOSSES = [deleted, emptied, without_newest_marker]
QUESTIONS = {
    "summary": Summary(by="owner"),
    "regions": Summary(by="region"),
    "sla": Sla("owner"),
    "due dates": DueDates("account"),
    "trend": Trend(),
    "trend of an account": Trend(kind="account", value="111122223333"),
    "trend of a region": Trend(kind="region", value="eu-west-1"),
}


@pytest.fixture
def running(nights: SnapshotWriter, tmp_path: Path) -> Sources:
    """Sources that have already answered from the table."""
    store = tmp_path / "store"
    shutil.copytree(nights.blobs.url.removeprefix("file://"), store)
    snapshots = SnapshotWriter(FolderBlobs(store))
    return folder_sources(store, at=snapshots.commits()[-1].ended_at)


def split(answer: Any) -> tuple[dict[str, Any], list[str]]:
    """The answer's JSON without notes, and its notes."""
    values = answer.to_json()
    return values, values.pop("notes")


@pytest.mark.parametrize("lose", LOSSES)
def test_a_table_lost_under_a_server_changes_no_number(
    running: Sources, lose: Callable[[Path], None]
) -> None:
    before = {name: split(ask(question, running)) for name, question in QUESTIONS.items()}
    lose(running.stores.copies.parent / "table.db")
    after = {name: split(ask(question, running)) for name, question in QUESTIONS.items()}
    for name, (values, notes) in before.items():
        assert after[name][0] == values, name
        (more,) = [one for one in after[name][1] if one not in notes]
        assert more == NOTE or (name.startswith("trend") and "counted from" in more)


def test_the_counts_of_one_resource_are_not_zero_without_the_table(running: Sources) -> None:
    worst = ask(Summary(by="resource"), running).groups[0].value
    question = Vulnerabilities(worst, source="cached")
    before = ask(question, running)
    deleted(running.stores.copies.parent / "table.db")
    fresh = folder_sources(running.stores.copies.parent, at=running.now())
    after = ask(question, fresh)
    assert before.rollup.stock == after.rollup.stock
    assert after.rollup.counts.total > 0
    assert NOTE in after.verdict.notes
