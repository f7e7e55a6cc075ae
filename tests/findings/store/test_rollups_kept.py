"""Rollups in a table: rows for changes only, readable as of any commit, valid with a marker.

The marker is written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.dynamodb import create_table

from sre_findings.model.errors import StoreUnreadable
from sre_findings.model.sla.ages import Ages, Bucket
from sre_findings.model.snapshots.rollup import (
    KINDS,
    ORGANIZATION,
    Counts,
    Rollup,
    Scope,
    resource_scope,
)
from sre_findings.store.records import rollups
from sre_findings.store.records.table import Row, SqliteTable, Table
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.urls import open_table

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
ORG = Scope(ORGANIZATION)
A, B = Scope("account", "111122223333"), Scope("account", "444455556666")
ONE, TWO = Rollup(Counts(high=1), resources=1), Rollup(Counts(high=2), 1, 1, 1, 2)


def commit(sequence: int) -> Commit:
    return Commit(sequence, f"snapshot-{sequence}", NOW, NOW, "", "complete", "", (), {}, ())


@pytest.fixture(params=["sqlite", "dynamodb"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "sqlite":
        return SqliteTable(tmp_path / "table.db")
    request.getfixturevalue("aws")
    create_table("rows")
    return open_table("dynamodb://rows")


def kind(table: Table, sequence: int, name: str) -> dict[Scope, Rollup]:
    return dict(rollups.read_kind(table, commit(sequence), name))


def test_what_was_written_is_read(table: Table) -> None:
    now = {ORG: TWO, A: ONE, B: ONE, Scope("owner", ""): ONE}
    assert rollups.write(table, commit(1), now, {}) == 4
    assert all(rollups.read(table, commit(1), scope) == rollup for scope, rollup in now.items())
    assert kind(table, 1, "account") == {A: ONE, B: ONE}
    assert kind(table, 1, ORGANIZATION) == {ORG: TWO}, (
        "the organization's value is empty, and it is found all the same"
    )
    assert kind(table, 1, "owner") == {Scope("owner", ""): ONE}
    assert kind(table, 1, "region") == {}


def test_a_scope_that_never_held_anything_is_zeroes(table: Table) -> None:
    assert rollups.read(table, commit(1), A) == Rollup()


def test_only_what_changed_is_written(table: Table) -> None:
    rollups.write(table, commit(1), {ORG: TWO, A: ONE, B: ONE}, {})
    assert (
        rollups.write(table, commit(2), {ORG: TWO, A: TWO, B: ONE}, {ORG: TWO, A: ONE, B: ONE}) == 1
    )
    assert [row.sort for row in table.query("rollup#account")] == [
        "111122223333\x1f000000000001",
        "111122223333\x1f000000000002",
        "444455556666\x1f000000000001",
    ]
    assert kind(table, 2, "account") == {A: TWO, B: ONE}


def test_an_emptied_scope_gets_zeros_and_an_unread_scope_keeps_its_values(
    table: Table,
) -> None:
    rollups.write(table, commit(1), {ORG: TWO, A: ONE, B: ONE}, {})
    assert rollups.write(table, commit(2), {ORG: ONE}, {ORG: TWO, A: ONE}) == 2, (
        "B is in neither: it was not reached"
    )
    assert rollups.read(table, commit(2), A) == Rollup()
    assert rollups.read(table, commit(2), B) == ONE
    assert kind(table, 2, "account") == {B: ONE}, "what emptied is left out"
    assert [row.sort[-1] for row in table.query("rollup#account", B.value)] == ["1"]


def test_any_commit_can_be_read_as_it_was(table: Table) -> None:
    before: dict[Scope, Rollup] = {}
    history = {2: {A: ONE}, 5: {A: TWO, B: ONE}, 11: {B: TWO}, 100: {A: ONE, B: TWO}}
    for sequence, now in history.items():
        rollups.write(table, commit(sequence), now, before)
        before = now
    for sequence in range(1, 103):
        held = next((history[s] for s in sorted(history, reverse=True) if s <= sequence), {})
        if sequence in (1, 2, 4, 5, 10, 11, 99, 100, 102):
            assert kind(table, sequence, "account") == held
            assert [rollups.read(table, commit(sequence), one) for one in (A, B)] == [
                held.get(A, Rollup()),
                held.get(B, Rollup()),
            ]


def test_scopes_that_begin_alike_are_not_mixed_up(table: Table) -> None:
    now = {
        Scope("owner", name): Rollup(Counts(low=n))
        for n, name in enumerate(("a", "ab", "a b", "a|b", "a\x1fb", "A", ""), 1)
    }
    rollups.write(table, commit(1), now, {})
    assert all(rollups.read(table, commit(1), scope) == rollup for scope, rollup in now.items())
    assert kind(table, 1, "owner") == now


def test_an_owner_cannot_write_itself_into_anothers_history(table: Table) -> None:
    """A tag may hold any text, including one that looks like the key of another owner's row."""
    rollups.write(
        table,
        commit(1),
        {Scope("owner", "web"): ONE, Scope("owner", "web\x1f000000000000"): TWO},
        {},
    )
    assert rollups.read(table, commit(1), Scope("owner", "web")) == ONE
    (hashed,) = [
        row.sort.split("\x1f")[0] for row in table.query("rollup#owner") if "value" in row.values
    ]
    rollups.write(table, commit(2), {Scope("owner", hashed): Rollup(suppressed=9)}, {})
    assert rollups.read(table, commit(2), Scope("owner", "web\x1f000000000000")) == TWO
    assert rollups.read(table, commit(2), Scope("owner", hashed)) == Rollup(suppressed=9)


START = resource_scope("111122223333", "ap-southeast-2", "AWS_ECR_CONTAINER_IMAGE", "arn:aws:ecr:")
LONG = [
    START._replace(value=START.value.ljust(length, "x"))
    for length in (1000, 1010, 1011, 1012, 1013, 1024, 1100)
]
LONG += [resource_scope("1", "eu", "T", text) for text in ("ö" * 700, "\U0001f600" * 1024)]


def test_ids_of_any_length_have_keys_that_every_table_takes(table: Table) -> None:
    now = {scope: Rollup(Counts(high=n)) for n, scope in enumerate(LONG, 1)}
    rollups.write(table, commit(1), now, {})
    rollups.write(table, commit(2), {LONG[-1]: TWO}, now)
    assert all(rollups.read(table, commit(1), scope) == rollup for scope, rollup in now.items())
    assert kind(table, 1, "resource") == now
    assert kind(table, 2, "resource") == {LONG[-1]: TWO}
    lengths = [len(row.sort.encode()) for row in table.query("rollup#resource")]
    assert max(lengths) == 1024, "the longest that fits stands as it is"


def test_two_long_ids_that_differ_at_their_ends_only_are_two(table: Table) -> None:
    one, other = (resource_scope("1", "eu", "T", "x" * 1020 + end) for end in ("a", "b"))
    rollups.write(table, commit(1), {one: ONE, other: TWO}, {})
    assert (rollups.read(table, commit(1), one), rollups.read(table, commit(1), other)) == (
        ONE,
        TWO,
    )


class Failing:
    """A table that fails after a number of rows."""

    def __init__(self, table: Table, puts: int) -> None:
        self._table, self._puts = table, puts

    def put(self, rows: Iterable[Row]) -> None:
        if not self._puts:
            raise StoreUnreadable("the table is full")
        self._puts -= 1
        self._table.put(rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


@pytest.mark.parametrize("puts", [0, 1])
def test_a_write_that_fails_before_its_marker_is_not_written_and_can_be_repeated(
    table: Table, puts: int
) -> None:
    failing: Any = Failing(table, puts)
    with pytest.raises(StoreUnreadable):
        rollups.write(failing, commit(1), {ORG: TWO, A: ONE}, {})
    assert not rollups.written(table, commit(1))
    rollups.write(table, commit(1), {ORG: TWO, A: ONE}, {})
    assert rollups.written(table, commit(1))
    assert kind(table, 1, "account") == {A: ONE}


def test_a_marker_is_for_its_own_snapshot_alone(table: Table) -> None:
    rollups.write(table, commit(2), {}, {})
    assert rollups.written(table, commit(2))
    assert not rollups.written(table, commit(1))
    assert not rollups.written(table, commit(3))
    other = Commit(2, "another-store's", NOW, NOW, "", "complete", "", (), {}, ())
    assert not rollups.written(table, other), "the table of another store proves nothing for ours"


VALUES = st.text(max_size=6) | st.text(min_size=340, max_size=1100, alphabet="aö\U0001f600\x1f")
FEW = st.integers(0, 2)
HELD = st.dictionaries(
    st.just(ORG) | st.builds(Scope, st.sampled_from(KINDS[1:]), VALUES),
    st.builds(Rollup, st.builds(Counts, FEW, other=FEW), FEW),
    max_size=5,
)


@settings(
    max_examples=settings().max_examples * 40 // 100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(HELD, min_size=1, max_size=4))
def test_any_history_reads_back_at_each_of_its_commits(
    tmp_path_factory: Any, nights: list[dict[Scope, Rollup]]
) -> None:
    table = SqliteTable(tmp_path_factory.mktemp("rollups") / "table.db")
    before: Mapping[Scope, Rollup] = {}
    for sequence, now in enumerate(nights, 1):
        rollups.write(table, commit(sequence), now, before)
        before = dict.fromkeys(before, Rollup()) | now
    for sequence, now in enumerate(nights, 1):
        scopes = {scope for night in nights for scope in night}
        assert {scope: rollups.read(table, commit(sequence), scope) for scope in scopes} == {
            scope: now.get(scope, Rollup()) for scope in scopes
        }
        found = {
            scope: rollup for name in KINDS for scope, rollup in kind(table, sequence, name).items()
        }
        assert found == {scope: rollup for scope, rollup in now.items() if rollup != Rollup()}


def test_ages_are_kept_beside_and_a_scope_that_emptied_is_left_out(table: Table) -> None:
    old, young = (
        Ages({Bucket(0, "2026-11-01"): 3}),
        Ages({Bucket(1, "2026-11-20", "2026-12-01"): 1}),
    )
    assert rollups.write_ages(table, commit(1), {ORG: old, A: old}, {}) == 2
    assert rollups.write_ages(table, commit(2), {ORG: young}, {ORG: old, A: old}) == 2
    assert rollups.write_ages(table, commit(3), {ORG: young}, {ORG: young}) == 0
    assert dict(rollups.read_ages(table, commit(1), "account")) == {A: old}
    assert dict(rollups.read_ages(table, commit(3), "account")) == {}
    assert dict(rollups.read_ages(table, commit(3), ORGANIZATION)) == {ORG: young}
    assert dict(rollups.read_ages(table, commit(1), ORGANIZATION)) == {ORG: old}
