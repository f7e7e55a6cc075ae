"""The Python API returns the same answers as ``sre-cli``, and frames with the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_findings import Answer, NotKnown, Store, UnsureWarning, UsageError, open_store
from sre_simulator.fleet import BUSY_INSTANCE, CLEAN_INSTANCE, UNMANAGED_INSTANCE
from sre_simulator.inspector.server import Fault

Cli = Callable[..., Any]
Ask = Callable[[Store], Answer]
SAME: dict[tuple[str, ...], Ask] = {
    ("summary",): lambda store: store.summary(),
    ("summary", "--by", "owner", "-n", "0"): lambda store: store.summary("owner"),
    ("summary", "--by", "package", "-n", "7", "--owner", "data"): lambda store: store.summary(
        "package", owner="data", count=7
    ),
    ("vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "-n", "0"): lambda store: (
        store.vulnerabilities(BUSY_INSTANCE)
    ),
    (
        "vulnerabilities",
        "-i",
        "prod-web-36",
        "--cached",
        "-s",
        "critical",
        "-n",
        "3",
    ): lambda store: store.vulnerabilities("prod-web-36", severity="critical", count=3),
    ("vulnerabilities", "-i", CLEAN_INSTANCE, "--cached"): lambda store: store.vulnerabilities(
        CLEAN_INSTANCE
    ),
    ("coverage",): lambda store: store.coverage(),
    ("changes", "-n", "0", "--region", "eu-west-1"): lambda store: store.changes(
        region="eu-west-1"
    ),
    ("changes", "--kind", "resolved", "-n", "3"): lambda store: store.changes(
        kind="resolved", count=3
    ),
    ("trend", "--days", "9"): lambda store: store.trend(9),
    ("trend", "--of", "owner=payments"): lambda store: store.trend(of="owner=payments"),
    ("sla", "--by", "account"): lambda store: store.sla("account"),
    ("time-to-fix", "--by", "owner"): lambda store: store.time_to_fix("owner"),
    ("priorities", "--type", "ec2", "-n", "5"): lambda store: store.priorities(type="ec2", count=5),
    ("fixes", "-n", "0", "--owner", "payments"): lambda store: store.fixes(owner=["payments"]),
    ("where", "openssl", "-n", "0", "--account", "111122223333"): lambda store: store.where(
        "openssl", account="111122223333"
    ),
    (
        "sql",
        "select severity, count(*) n from findings group by 1 order by 2",
    ): lambda store: store.sql("select severity, count(*) n from findings group by 1 order by 2"),
}


def timeless(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"age_seconds": 0, "schema_version": 1}


@pytest.fixture(scope="module")
def store(demo_store: Path) -> Store:
    return open_store(demo_store)


@pytest.mark.parametrize("command", SAME, ids=" ".join)
def test_the_api_returns_the_object_of_the_command(
    command: tuple[str, ...], cli: Cli, demo: Path, store: Store
) -> None:
    answer = SAME[command](store)
    assert timeless(answer.to_json()) == timeless(cli(*command, "--output", "json").json)


def test_a_store_without_a_url_is_that_of_the_settings(cli: Cli, demo: Path) -> None:
    assert timeless(open_store().summary().to_json()) == timeless(
        cli("summary", "--output", "json").json
    )


def test_an_older_snapshot_is_selected_as_in_the_command(
    cli: Cli, demo: Path, store: Store
) -> None:
    first = store.snapshots().rows[-1]["snapshot_id"]
    asked = cli("sla", "--as-of", first, "--output", "json").json
    older = store.at(first)
    assert timeless(older.sla().to_json()) == timeless(asked)
    assert {
        one.proof.snapshot_id
        for one in (older.summary(), older.trend(), older.survival(), older.sql("select 1"))
    } == {first}
    assert older.at(None).summary().proof.snapshot_id != first


def test_frames_have_the_counts_of_the_summary(store: Store) -> None:
    whole = store.summary().summary
    assert len(store.findings().frame()) == whole["total"]
    assert (
        len(store.findings(severity=["critical", "HIGH"]).frame())
        == whole["critical"] + whole["high"]
    )
    assert store.summary("owner").frame()["total"].sum() == whole["total"]
    assert store.priorities().frame()["findings"].sum() == whole["total"]
    assert store.trend().frame()["total"].iloc[-1] == whole["total"]
    assert len(store.findings(fixable=True).frame()) == whole["fixable"]
    assert len(store.findings(exploitable=True).frame()) == whole["exploitable"]
    assert len(store.findings(status="suppressed").frame()) == whole["suppressed"]


@pytest.mark.parametrize("by", ["owner", "account", "region", "type"])
def test_a_filtered_frame_has_the_counts_of_the_summary(store: Store, by: str) -> None:
    group = store.summary(by).rows[-1]
    asked: dict[str, Any] = {by: group[by]}
    column = {
        "owner": "owner",
        "account": "account_id",
        "region": "region",
        "type": "resource_type",
    }[by]
    frame = store.findings(**asked).frame()
    assert (len(frame), set(frame[column])) == (group["total"], {group[by]})
    assert store.priorities(**asked).frame()["findings"].sum() == group["total"]


@pytest.mark.parametrize("by", ["owner", "account", "region", "type"])
def test_deadlines_have_the_counts_of_the_sla(store: Store, by: str) -> None:
    late, days = store.sla(by), store.deadlines(by).frame()
    assert days["findings"].sum() == store.summary().summary["total"]
    left = days["days_left"]
    sums = {
        "late": days[left < 0],
        "due_this_week": days[left.between(0, 7)],
        "later": days[left > 7],
        "no_deadline": days[left.isna()],
    }
    for name, rows in sums.items():
        assert rows["findings"].sum() == late.summary[name], name
        held = {row[by]: row[name] for row in late.rows if row[name]}
        assert rows.groupby(by)["findings"].sum().to_dict() == held


@pytest.mark.parametrize("by", ["severity", "owner", "account"])
def test_the_curves_have_the_medians_of_time_to_fix(store: Store, by: str) -> None:
    steps = store.survival(by).frame()
    for row in store.time_to_fix(by).rows:
        curve = steps[steps[by] == row[by]]
        reached = {share: curve.loc[curve["share"] <= share, "day"] for share in (0.5, 0.1)}
        assert (row["median_days"], row["p90_days"]) == tuple(
            int(one.min()) if len(one) else None for one in reached.values()
        )
        assert (row["patched"], row["unpatched"]) == (
            curve["patched"].sum(),
            curve["unpatched"].sum(),
        )


def test_a_clean_resource_has_an_empty_frame_with_provenance(store: Store) -> None:
    frame = store.vulnerabilities(CLEAN_INSTANCE).frame()
    assert len(frame) == 0
    assert "vulnerability_id" in frame
    assert (frame.attrs["certificate"]["state"], frame.attrs["sure"]) == ("complete", True)


@pytest.mark.parametrize("resource", [UNMANAGED_INSTANCE, "i-0123456789abcdef0"])
def test_an_unscanned_or_unknown_resource_raises_instead_of_an_empty_frame(
    store: Store, resource: str
) -> None:
    answer = store.vulnerabilities(resource, severity="critical")
    assert not answer.sure
    with pytest.raises(NotKnown):
        answer.frame()


def test_a_stale_store_warns_unless_an_older_time_was_requested(demo_store: Path) -> None:
    old = open_store(demo_store, max_age="0s")
    with pytest.warns(UnsureWarning, match="stale"):
        frame = old.findings(severity="critical").frame()
    assert (len(frame) > 0, frame.attrs["sure"], frame.attrs["too_old"]) == (True, False, True)
    with pytest.raises(NotKnown, match="not an all-clear"):
        old.where("a-package-that-nobody-has").frame()
    with pytest.raises(NotKnown):
        old.sql("select * from findings where severity = 'NONE'").frame()
    assert (
        open_store(demo_store, max_age="0s", as_of=old.snapshots().rows[0]["snapshot_id"])
        .where("nobody-has")
        .sure
    )


def test_a_store_without_a_snapshot_is_not_clean(tmp_path: Path) -> None:
    empty = open_store(tmp_path)
    for answer in (
        empty.summary(),
        empty.findings(),
        empty.trend(),
        empty.deadlines(),
        empty.survival(),
        empty.coverage(),
    ):
        assert not answer.known
        with pytest.raises(NotKnown):
            answer.frame()


def test_a_partial_snapshot_warns_with_rows_and_raises_without(
    cli: Cli, inspector: Any, tmp_path: Path
) -> None:
    with inspector(faults=[Fault("denied", "ListFindings", call=2, times=99)]):
        assert cli("scan", "-r", "eu-west-1", "--store", str(tmp_path / "store")).code == 3
    partial = open_store(tmp_path / "store")
    for answer in (
        partial.findings(),
        partial.summary(),
        partial.summary("owner"),
        partial.deadlines("region"),
    ):
        with pytest.warns(UnsureWarning, match="partial"):
            frame = answer.frame()
        assert (len(frame) > 0, frame.attrs["sure"], frame.attrs["certificate"]["state"]) == (
            True,
            False,
            "partial",
        )
    for answer in (
        partial.where("nobody-has"),
        partial.sql("select 1 where false"),
        partial.findings(region="us-east-1"),
    ):
        with pytest.raises(NotKnown):
            answer.frame()


def test_methods_that_need_the_store_are_refused_with_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SRE_SERVER", "http://127.0.0.1:9/mcp")
    asked: list[Ask] = [
        lambda s: s.sql("select 1"),
        lambda s: s.survival(),
        lambda s: s.deadlines(),
    ]
    for ask in asked:
        with pytest.raises(UsageError, match="needs direct access"):
            ask(open_store())


@pytest.mark.parametrize(
    "ask",
    [
        lambda s: s.findings(severity="worst"),
        lambda s: s.findings(type="toaster"),
        lambda s: s.findings(status="GONE"),
        lambda s: s.findings(owner="nobody-here"),
        lambda s: s.trend(of="moon=full"),
        lambda s: s.trend(of="owner"),
        lambda s: s.summary("moon"),
        lambda s: s.deadlines("moon"),
        lambda s: s.survival("moon"),
        lambda s: s.at("noon").summary(),
    ],
)
def test_an_unknown_filter_value_is_refused(store: Store, ask: Ask) -> None:
    with pytest.raises(UsageError):
        ask(store)
