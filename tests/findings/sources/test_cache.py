"""The cache returns what was stored, within its limit, and evicts the least recently used."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.queries import ask, snapshot_answer
from sre_findings.questions.catalogue import CACHED, Vulnerabilities
from sre_findings.sources.cache import BoundedCache, DerivedCache
from sre_findings.sources.sources import Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import BUSY_INSTANCE


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12))))
def test_it_is_the_last_asked_for_that_fit(steps: list[tuple[int, int]]) -> None:
    kept, model = BoundedCache[int](10), OrderedDict[int, int]()
    for key, weight in steps:
        if kept.get(key) is not None:
            model.move_to_end(key)
        if weight <= 10:
            kept.put(key, key, weight)
            model.pop(key, None)
            model[key] = weight
            while sum(model.values()) > 10:
                model.popitem(last=False)
        assert {one: kept._kept[one][1] for one in kept._kept} == dict(model)
        assert all(kept.get(one) == one for one in list(kept._kept))
        for one in list(model):
            model.move_to_end(one)


@pytest.fixture
def sources(nights: SnapshotWriter, tmp_path: Path) -> Sources:
    began = nights.commits()[-1].started_at
    # two hours later it is still the same day
    began = began if began.hour < 21 else began + timedelta(hours=3)
    table = SqliteTable(Path(nights.blobs.url.removeprefix("file://")) / "table.db")
    return make_sources(nights, table, tmp_path, began)


def test_a_question_is_answered_again_without_asking_and_as_old_as_it_is_then(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Vulnerabilities(BUSY_INSTANCE, count=3, source=CACHED)
    first = ask(question, sources)
    asked, original = list[str](), snapshot_answer.answer

    def counted(*given: Any) -> Any:
        asked.append(given[0].text)
        return original(*given)

    monkeypatch.setattr(snapshot_answer, "answer", counted)
    began = sources.now()
    later = replace(sources, now=lambda: began + timedelta(hours=2))
    again = ask(question, later)
    assert asked == []
    assert replace(again, proof=first.proof) == first
    assert again.proof.age_seconds == (first.proof.age_seconds or 0) + 7200
    too_late = replace(sources, now=lambda: began + timedelta(days=3))
    assert ask(question, too_late).proof.too_old
    mine = sources.seen_by(Access(frozenset({"111122223333"}), frozenset({ALL})))
    before = sources.stores.snapshots.commits()[0].snapshot_id
    changes: list[dict[str, Any]] = [
        {"count": 4},
        {"severities": ("HIGH",)},
        {"suppressed": True},
        {"as_of": before},
    ]
    others = [(question, mine), *((replace(question, **change), sources) for change in changes)]
    for number, (other, seen) in enumerate(others, 2):
        ask(other, seen)
        assert len(asked) == number, "another question, or another caller, is asked anew"


@given(st.lists(st.integers(0, 3), max_size=30))
def test_what_was_made_of_a_list_is_found_by_the_very_list(order: list[int]) -> None:
    lists = [["the same words"] for _ in range(4)]
    beside = DerivedCache[list[int]](most=6)  # three lists of two items
    for number in order:
        made = beside.of(lists[number], lambda number=number: [number])  # type: ignore[misc]  # mypy cannot infer the default
        assert made == [number]
        assert beside.of(lists[number], lambda: [-1]) is made


def test_a_list_that_is_gone_leaves_nothing_to_another_in_its_place() -> None:
    beside = DerivedCache[str](most=10)
    assert [beside.of([word], lambda word=word: word) for word in "abcdefgh"] == list("abcdefgh")  # type: ignore[misc]


def test_a_cleared_cache_is_empty_and_has_its_whole_room_again() -> None:
    kept = BoundedCache[int](2)
    kept.put("a", 1, 2)
    kept.clear()
    assert kept.get("a") is None
    kept.put("b", 2, 1)
    kept.put("c", 3, 1)
    assert (kept.get("b"), kept.get("c")) == (2, 3)
