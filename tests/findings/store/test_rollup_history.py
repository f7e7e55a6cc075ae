"""The history of several scopes is the sum of their counts in each snapshot."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.model.snapshots.rollup import (
    OPENED_CAUSES,
    ORGANIZATION,
    RESOLVED_CAUSES,
    Counts,
    Rollup,
    Scope,
)
from sre_findings.sources import rollup_access
from sre_findings.sources.sources import Found
from sre_findings.store.records import rollups
from sre_findings.store.records.rollup_history import series
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter

START = datetime(2026, 11, 1, 1, tzinfo=UTC)
VALUES = ("111122223333", "444455556666", "payments", "x" * 2000, "a\x1fb", "")
NUMBER = st.integers(0, 3)
FLOW = st.dictionaries(
    st.sampled_from([*OPENED_CAUSES, *RESOLVED_CAUSES]), st.integers(1, 3), max_size=2
)
ROLLUP = st.builds(
    Rollup,
    st.builds(Counts, high=NUMBER, other=NUMBER),
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    FLOW,
)
TWICE = Rollup(Counts(high=1))
NIGHTS = st.lists(
    st.dictionaries(st.sampled_from(VALUES), ROLLUP, max_size=4), min_size=1, max_size=6
)


def commit(sequence: int) -> Commit:
    started = START + timedelta(days=sequence)
    return Commit(sequence, f"s{sequence}", started, started, "", "complete", "", (), {}, ())


def write(table: SqliteTable, nights: list[dict[str, Rollup]]) -> None:
    before: dict[Scope, Rollup] = {}
    for sequence, night in enumerate(nights, 1):
        now = {Scope("account", value): rollup for value, rollup in night.items()}
        rollups.write(table, commit(sequence), now, before)
        before = now


@settings(
    max_examples=settings().max_examples * 40 // 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# one snapshot is not requested, but its row is still valid
@example([{VALUES[0]: TWICE}, {VALUES[0]: TWICE}], {VALUES[0]}, 2, 2)
@given(NIGHTS, st.sets(st.sampled_from(VALUES)), st.integers(0, 8), st.integers(1, 6))
def test_any_scopes_over_any_nights_are_the_sum_of_each_in_each_night(
    tmp_path_factory: Any, nights: list[dict[str, Rollup]], values: set[str], first: int, last: int
) -> None:
    table = SqliteTable(tmp_path_factory.mktemp("t") / "t")
    write(table, nights)
    last = min(last, len(nights))
    found = series(table, "account", sorted(values), last, commit(first).started_at)
    assert [night.sequence for night, _ in found] == list(range(max(first, 1), last + 1))
    for night, rollup in found:
        each = (
            rollups.read(table, commit(night.sequence), Scope("account", value))
            for value in sorted(values)
        )
        assert rollup == functools.reduce(Rollup.__add__, each, Rollup())


def counted(table: SqliteTable, opened: list[int]) -> Callable[..., Any]:
    as_it_is = table._open

    def opening(**named: Any) -> Any:
        opened.append(1)
        return as_it_is(**named)

    return opening


def test_a_caller_of_three_hundred_accounts_reads_the_table_as_often_as_one_of_one(
    tmp_path: Path, monkeypatch: Any
) -> None:
    table, accounts = SqliteTable(tmp_path / "t"), [f"{number:012}" for number in range(350)]
    write(
        table,
        [
            dict.fromkeys(accounts, Rollup(Counts(high=night), flow={"new": 1}))
            for night in (1, 2, 3)
        ],
    )
    asked: list[tuple[int, int]] = []
    for some in (accounts[:1], accounts[:300]):
        all_of_it = make_sources(SnapshotWriter(None), table, tmp_path)  # type: ignore[arg-type]  # no snapshot is read
        seen = all_of_it.seen_by(Access(frozenset(some), frozenset({ALL})))
        opened: list[int] = []
        with monkeypatch.context() as patch:
            patch.setattr(table, "_open", counted(table, opened))
            nights = rollup_access.series(seen, Scope(ORGANIZATION), 3, commit(2).started_at)
            calls = len(opened)
            read = rollup_access.reader(Found(commit(3), None, None), seen)  # type: ignore[arg-type]  # no engine is used
            whole, each = read(ORGANIZATION), read("account")
        asked.append((calls, len(opened) - calls))
        assert nights
        assert [rollup.counts.high for _, rollup in nights] == [2 * len(some), 3 * len(some)]
        assert [rollup.flow for _, rollup in nights] == [{"new": len(some)}] * 2
        assert [rollup.counts.high for _, rollup in whole] == [3 * len(some)]
        assert [scope.value for scope, _ in each] == some
    assert asked == [(3, 1), (3, 1)]
