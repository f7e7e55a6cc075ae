"""A commit shows only accounts in the access scope, and the table only sums that it allows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sre_findings.model.access import ALL, NOTHING, Access
from sre_findings.model.errors import AccessDenied
from sre_findings.model.snapshots.gaps import Gap
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import KINDS, Counts, Rollup, Scope
from sre_findings.model.snapshots.states import COMPLETE, PARTIAL
from sre_findings.store.access_views import CLAIM, SeenSnapshots, SeenTable, seen_of, summable
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records import rollups
from sre_findings.store.records.table import LAST, Row, SqliteTable
from sre_findings.store.snapshots.reader import Commit

NIGHT = datetime(2026, 11, 22, 1, tzinfo=UTC)
MINE, OTHER = "111122223333", "444455556666"
CAUSES = (
    Reason("switched_off", f"Inspector is disabled in account {MINE}", "eu-west-1", MINE),
    Reason("switched_off", f"Inspector is disabled in account {OTHER}", "eu-west-1", OTHER),
    Reason(
        "not_ended", "findings denied", "us-east-1", detail=f"User: arn:aws:iam::{OTHER}:role/scan"
    ),
    Reason("fewer_than_counted", "17 of 99 active findings listed (all)", "us-east-1"),
    Reason("not_visible", f"account {OTHER} was expected and is visible in no region", "", OTHER),
)
REASONS = tuple(one.text for one in CAUSES)


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


def commit(state: str = PARTIAL, causes: tuple[Reason, ...] = CAUSES) -> Commit:
    gaps = tuple(Gap(account, "eu-west-1", "*", "*", "disabled") for account in (MINE, OTHER, "*"))
    totals = {"findings": 99, "uncovered": 7}
    return Commit(
        1,
        "20261122T010000Z",
        NIGHT,
        NIGHT,
        "0" * 64,
        state,
        "of all",
        causes,
        totals,
        gaps,
        {MINE: "a", OTHER: "b"},
    )


ACCOUNT = Access(only(MINE), only(ALL))


def test_a_commit_tells_of_the_accounts_that_are_allowed() -> None:
    seen = seen_of(commit(), ACCOUNT)
    assert (seen.totals, seen.account_names, seen.claim) == ({}, {MINE: "a"}, CLAIM)
    assert [gap[0] for gap in seen.gaps] == [MINE, "*"]
    assert (seen.snapshot_id, seen.started_at) == (commit().snapshot_id, NIGHT)


def test_reasons_name_no_other_account_and_no_number_of_the_whole() -> None:
    assert seen_of(commit(), ACCOUNT).reasons == (
        REASONS[0],
        "us-east-1: not all of it could be read",
    )
    assert seen_of(commit(), Access(only(ALL), only("payments"))).reasons == (
        *REASONS[:2], "us-east-1: not all of it could be read", REASONS[4],
    )  # fmt: skip


def test_a_night_that_is_partial_elsewhere_alone_is_complete_for_the_caller() -> None:
    assert seen_of(commit(causes=(CAUSES[1], CAUSES[4])), ACCOUNT).state == COMPLETE
    assert seen_of(commit(), ACCOUNT).state == PARTIAL
    assert seen_of(commit(COMPLETE, ()), ACCOUNT).state == COMPLETE


def test_a_reason_stored_as_text_alone_keeps_the_snapshot_partial_and_is_hidden() -> None:
    old = Commit.from_json({k: v for k, v in commit().to_json().items() if k != "causes"})
    assert old.reasons == REASONS
    seen = seen_of(old, ACCOUNT)
    assert (seen.state, seen.reasons) == (PARTIAL, ("not all of it could be read",))


def test_a_commit_keeps_its_reasons_as_data() -> None:
    assert Commit.from_json(commit().to_json()) == commit()


def test_whoever_sees_nothing_is_told_of_no_account() -> None:
    assert not any(account in repr(seen_of(commit(), NOTHING)) for account in (MINE, OTHER))


def test_a_manifest_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="the completeness check covers all accounts"):
        SeenSnapshots(FolderBlobs(tmp_path), ACCOUNT).manifest(commit())


@pytest.fixture
def table(tmp_path: Path) -> SqliteTable:
    found = SqliteTable(tmp_path / "table.db")
    values = {
        "account": (MINE, OTHER),
        "owner": ("payments", "x" * 2000, ""),
        "region": ("eu-west-1",),
        "type": ("t",),
        "organization": ("",),
        "resource": (f"{MINE}|r|t|i-1", f"{OTHER}|r|t|i-2"),
    }
    held = {
        Scope(kind, value): Rollup(Counts(high=1))
        for kind, some in values.items()
        for value in some
    }
    rollups.write(found, commit(), held, {})
    return found


def test_sums_are_read_that_lie_within_the_access(table: SqliteTable) -> None:
    accounts, owners = (
        SeenTable(table, ACCOUNT),
        SeenTable(table, Access(only(ALL), only("payments", "x" * 2000))),
    )
    assert [scope.value for scope, _ in rollups.read_kind(accounts, commit(), "account")] == [MINE]
    assert [scope.value for scope, _ in rollups.read_kind(accounts, commit(), "resource")] == [
        f"{MINE}|r|t|i-1"
    ]
    assert {scope.value for scope, _ in rollups.read_kind(owners, commit(), "owner")} == {
        "payments",
        "x" * 2000,
    }
    for values in ([MINE, OTHER], [OTHER], []):
        named = rollups.read_kind(accounts, commit(), "account", values)
        assert [scope.value for scope, _ in named] == [one for one in values if one == MINE], (
            "what is not seen is not there"
        )
    assert rollups.read(accounts, commit(), Scope("account", MINE)).counts.total == 1
    assert rollups.read(accounts, commit(), Scope("account", OTHER)) == Rollup()
    assert rollups.written(accounts, commit())


@pytest.mark.parametrize(
    "access",
    [ACCOUNT, Access(only(ALL), only("payments")), Access(only(MINE), only("payments")), NOTHING],
)
def test_every_other_sum_is_refused_and_never_a_zero(table: SqliteTable, access: Access) -> None:
    for kind in {*KINDS} - {*summable(access)}:
        with pytest.raises(AccessDenied, match="covers all accounts"):
            list(rollups.read_kind(SeenTable(table, access), commit(), kind))
        with pytest.raises(AccessDenied, match="covers all accounts"):
            list(rollups.read_ages(SeenTable(table, access), commit(), kind))
        with pytest.raises(AccessDenied, match="covers all accounts"):
            list(rollups.read_kind(SeenTable(table, access), commit(), kind, [MINE, "payments"]))
    for partition in ("operations", "lease", "job#x", "snapshot"):
        with pytest.raises(AccessDenied, match="covers all accounts"):
            list(SeenTable(table, access).query_each(partition, [("", LAST)]))
    for partition in ("operations", "lease", "job#x"):
        with pytest.raises(AccessDenied, match="covers all accounts"):
            list(SeenTable(table, access).query(partition))


def test_nothing_is_written_for_who_sees_a_part(table: SqliteTable) -> None:
    seen = SeenTable(table, ACCOUNT)
    with pytest.raises(AccessDenied, match="writing"):
        seen.put([Row("a", "b", {})])
    with pytest.raises(AccessDenied, match="writing"):
        seen.create(Row("a", "b", {}))
    with pytest.raises(AccessDenied, match="writing"):
        seen.remove("a", "b")
