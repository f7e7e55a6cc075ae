"""The pool of open engines: its size, one engine per access, and none closed during a query."""

from __future__ import annotations

import os
import subprocess
import sys
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.engine import duckdb as module
from sre_findings.engine.catalogue import Batch, Engine
from sre_findings.engine.databases import SharedInstance
from sre_findings.engine.duckdb import DuckDB
from sre_findings.engine.pool import EnginePool
from sre_findings.model.access import ALL, Access
from sre_findings.model.errors import StoreUnreadable
from sre_findings.sources.cache import Caches
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter


class Plain(Engine):
    """An engine without data."""

    def batches(self, query: str, **parameters: Any) -> Iterator[Batch]:
        yield []


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_it_is_the_last_asked_for_that_stay_open(asked: list[int], most: int) -> None:
    opened, model = EnginePool(most, held=lambda: 0), OrderedDict[int, Engine]()
    for key in asked:
        engine = opened.get(key, Plain)
        assert engine is model.get(key, engine)
        model[key] = engine
        model.move_to_end(key)
        while len(model) > most:
            model.popitem(last=False)
        assert list(opened._engines.items()) == list(model.items())


def test_where_their_tables_are_too_large_the_oldest_goes_first() -> None:
    opened = EnginePool(most=9, memory=20, held=lambda: 10 * len(opened))
    engines = [opened.get(key, Plain) for key in range(5)]
    assert list(opened._engines.values()) == engines[-3:], (
        "three were let in while two took no more than twenty"
    )


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> SharedInstance:
    """A shared instance that only this test uses."""
    ours = SharedInstance()
    monkeypatch.setattr("sre_findings.engine.databases.SHARED", ours)
    return ours


@pytest.fixture
def sources(nights: SnapshotWriter, tmp_path: Path, shared: SharedInstance) -> Sources:
    return make_sources(
        nights, SqliteTable(tmp_path / "t"), tmp_path, engines=EnginePool(held=shared.held)
    )


def databases(shared: SharedInstance) -> int:
    """The number of databases of engines, without DuckDB's own three."""
    return len(
        shared._root.execute(
            "select 1 from duckdb_databases() where database_name like 'e%'"
        ).fetchall()
    )


def seen(sources: Sources, *owners: str) -> Sources:
    return sources.seen_by(Access(frozenset({ALL}), frozenset(owners)))


def test_an_engine_that_is_let_go_answers_to_the_end_and_its_tables_go_with_it(
    sources: Sources, shared: SharedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 7)
    sources, newest = (
        replace(sources, caches=Caches(EnginePool(1, held=shared.held))),
        sources.stores.snapshots.latest(),
    )
    assert newest
    first = sources.open([newest])
    whole = first.rows("by_resource", **nothing())
    running = first.batches("by_resource", **nothing())
    begun, gone = next(running), weakref.ref(first)
    del first
    second = seen(sources, "payments").open([newest])
    assert second.rows("owners")
    assert gone(), "a query is under way"
    assert databases(shared) == 2
    assert begun + [row for batch in running for row in batch] == whole
    del running
    assert gone() is None
    assert databases(shared) == 1
    assert second.rows("owners")


def nothing() -> dict[str, Any]:
    return dict.fromkeys(
        ("count", "owners", "resource_id", "resource_type", "account_id", "region")
    )


def test_many_who_ask_at_once_where_few_fit_each_see_their_own(
    sources: Sources, shared: SharedInstance
) -> None:
    newest = sources.stores.snapshots.latest()
    assert newest
    named = sources.open([newest]).rows("owners")
    owners = [str(row["owner"]) for row in named if row["owner"]]
    few = replace(sources, caches=Caches(EnginePool(2, held=shared.held)))

    def ask(number: int) -> bool:
        owner = owners[number % len(owners)]
        rows = seen(few, owner).open([newest]).rows("owners")
        return [row["owner"] for row in rows] == [owner]

    with ThreadPoolExecutor(8) as people:
        assert all(people.map(ask, range(60)))
    assert databases(shared) <= 3


def test_tables_count_as_held_and_come_back(sources: Sources, shared: SharedInstance) -> None:
    assert shared.held() == 0
    newest = sources.stores.snapshots.latest()
    assert newest
    engine = sources.open([newest])
    engine.rows("owners")
    assert shared.held() > 0
    sources.caches.engines._engines.clear()
    del engine
    assert shared.held() == 0


def test_an_instance_that_broke_is_left_and_the_next_question_is_answered(
    sources: Sources, shared: SharedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = sources.stores.snapshots.latest()
    assert newest
    engine = sources.open([newest])
    before, root = engine.rows("owners"), shared._root
    with monkeypatch.context() as patch:
        patch.setattr(
            DuckDB,
            "_run",
            lambda *_: (_ for _ in ()).throw(duckdb.FatalException("the database is invalidated")),
        )
        with pytest.raises(StoreUnreadable, match="invalidated"):
            engine.rows("owners")
    assert engine.rows("owners") == before
    assert shared._root is not root


_ZONE = """
import sys
from pathlib import Path
from sre_findings.engine.duckdb import DuckDB
from sre_findings.engine.databases import SHARED, own
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.writer import SnapshotWriter
snapshots = SnapshotWriter(FolderBlobs(Path(sys.argv[1])))
for room in (own, SHARED):
    engine = DuckDB(snapshots, snapshots.commits(), Copies(Path(sys.argv[2])), room=room)
    print(engine.connect([]).execute("select current_setting('TimeZone')").fetchone()[0])
"""


def test_days_begin_at_midnight_utc_wherever_it_runs(
    nights: SnapshotWriter, tmp_path: Path
) -> None:
    folder = nights.blobs.url.removeprefix("file://")
    done = subprocess.run(
        [sys.executable, "-c", _ZONE, folder, str(tmp_path)],
        env=os.environ | {"TZ": "Asia/Tokyo"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["UTC", "UTC"]


def test_engines_of_their_own_share_nothing(nights: SnapshotWriter, tmp_path: Path) -> None:
    one, other = (DuckDB(nights, nights.commits(), Copies(tmp_path)) for _ in range(2))
    one.connect([]).execute("create table mine as select 1 as x")
    with pytest.raises(duckdb.CatalogException):
        other.connect([]).execute("select * from mine")
