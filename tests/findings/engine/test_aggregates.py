"""Rollups and ages computed by SQL equal a manual count, and nothing is counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_findings.engine import aggregates
from sre_findings.engine.catalogue import Engine
from sre_findings.engine.duckdb import DuckDB
from sre_findings.model.resources.resource import Resource
from sre_findings.model.sla.ages import Ages, Bucket
from sre_findings.model.snapshots.rollup import ORGANIZATION, Counts, Rollup, Scope, resource_scope
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.snapshots.writer import SnapshotWriter

NAMES = (
    "critical",
    "high",
    "medium",
    "low",
    "informational",
    "untriaged",
    "other",
    "suppressed",
    "fixable",
    "exploitable",
)
PLACE = {"account_id": "1", "region": "eu-west-1", "resource_type": "AWS_EC2_INSTANCE"}
Open = Callable[..., Engine]


def row(
    resource_id: str = "i-1", *, elsewhere: dict[str, int] | None = None, **changes: Any
) -> dict[str, Any]:
    """A row of ``resources`` as the scanner writes it.

    ``elsewhere`` has the counts that belong to findings of other resources.
    """
    own = {
        **dict.fromkeys(NAMES, 0),
        **{name: changes.pop(name) for name in list(changes) if name in NAMES},
    }
    shared = {
        f"shared_{name}": number - (elsewhere or {}).get(name, 0) for name, number in own.items()
    }
    return {
        "resource_id": resource_id,
        **PLACE,
        "owner": "web",
        "closed": 0,
        "public": False,
        **own,
        **shared,
        **changes,
    }


@pytest.fixture
def held(tmp_path_factory: pytest.TempPathFactory, write_night: Callable[..., Any]) -> Open:
    """``held(resources=[…], ages=[…], events=[…])``: an engine over a snapshot of these rows."""

    def open_engine(**tables: list[dict[str, Any]]) -> Engine:
        folder: Path = tmp_path_factory.mktemp("held")
        snapshots = SnapshotWriter(FolderBlobs(folder))
        return DuckDB(snapshots, [write_night(snapshots, 1, **tables)], Copies(folder / "copies"))

    return open_engine


def test_the_organization_has_a_rollup_even_without_any_resource(held: Open) -> None:
    assert aggregates.rollups(held(coverage=[])) == {Scope(ORGANIZATION): Rollup()}
    assert aggregates.ages(held(coverage=[])) == {}


def test_a_resource_counts_in_every_scope_that_it_is_in(held: Open) -> None:
    rows = [row(critical=1, suppressed=2, fixable=1), row("i-2", high=3, exploitable=2, owner=None)]
    sums = aggregates.rollups(held(resources=rows))
    assert sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-1")] == Rollup(
        Counts(critical=1), 2, 1, 0, 1
    )
    whole = Rollup(Counts(critical=1, high=3), 2, 1, 2, 2)
    assert (
        sums[Scope(ORGANIZATION)]
        == sums[Scope("account", "1")]
        == sums[Scope("region", "eu-west-1")]
        == whole
    )
    assert sums[Scope("type", "AWS_EC2_INSTANCE")] == whole
    assert sums[Scope("owner", "web")].counts == Counts(critical=1)
    assert sums[Scope("owner", "")].counts == Counts(high=3), "what nobody owns is a group, too"


def test_of_some_owners_only_theirs_are_counted(held: Open) -> None:
    sums = aggregates.rollups(
        held(resources=[row(critical=1), row("i-2", high=3, owner="shop")]), ["shop"]
    )
    assert sums[Scope(ORGANIZATION)].counts == Counts(high=3)
    assert Scope("owner", "web") not in sums


def test_suppressed_findings_alone_count_as_findings_of_a_resource(
    held: Open,
) -> None:
    assert (
        aggregates.rollups(held(resources=[row(suppressed=1), row("i-2", closed=4)]))[
            Scope(ORGANIZATION)
        ].resources
        == 1
    )


def test_a_finding_of_several_resources_counts_at_each_and_once_above(held: Open) -> None:
    elsewhere = {"high": 1, "suppressed": 1, "fixable": 1, "exploitable": 1, "other": 1}
    both = row("i-2", high=2, other=1, suppressed=1, fixable=2, exploitable=1, elsewhere=elsewhere)
    engine = held(resources=[row(high=1, fixable=1, exploitable=1), both])
    assert aggregates.rollups(engine)[Scope(ORGANIZATION)] == Rollup(Counts(high=2), 0, 2, 1, 2)
    second = Resource("i-2", "AWS_EC2_INSTANCE", "1", "eu-west-1")
    assert aggregates.of_resource(engine, second).counts == Counts(high=2, other=1)
    assert (
        aggregates.of_resource(engine, Resource("i-2", "AWS_EC2_INSTANCE", "2", "eu-west-1"))
        == Rollup()
    )


def test_ages_and_flows_go_to_every_shared_scope_and_single_resources_keep_their_kev(
    held: Open,
) -> None:
    age = {
        **PLACE,
        "resource_id": "i-1",
        "owner": "web",
        "severity_rank": 0,
        "opened_on": date(2026, 11, 1),
        "kev_due": date(2026, 11, 30),
        "findings": 3,
        "shared": 2,
        "unchecked": 0,
    }
    gone = {**PLACE, "resource_id": "i-1", "owner": "web", "kind": "resolved", "cause": "patched"}
    engine = held(
        resources=[row(critical=3, elsewhere={"critical": 1})], ages=[age], events=[gone] * 4
    )
    sums, old = aggregates.rollups(engine), aggregates.ages(engine)
    own, whole = (
        sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-1")],
        sums[Scope(ORGANIZATION)],
    )
    assert (own.kev, own.flow) == (3, {"patched": 4})
    assert (whole.kev, whole.flow) == (2, {"patched": 4})
    assert sums[Scope("owner", "web")] == whole
    kinds = ("account", "region", "type", "owner", ORGANIZATION)
    assert {scope.kind for scope in old} == {*kinds}, (
        "a year of days for each resource would fill the table"
    )
    assert set(map(str, old.values())) == {str(Ages({Bucket(0, "2026-11-01", "2026-11-30"): 2}))}


def test_a_scope_through_which_all_went_has_a_flow_and_holds_nothing(held: Open) -> None:
    moved = {**PLACE, "resource_id": "i-9", "owner": None}
    events = [
        {**moved, "kind": "resolved", "cause": "terminated"},
        {**moved, "kind": "reopened", "cause": None},
        {**moved, "kind": "severity_raised", "cause": None},
    ]
    sums = aggregates.rollups(held(events=events))
    assert sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-9")] == Rollup(
        flow={"terminated": 1, "reopened": 1}
    )
    assert (
        sums[Scope(ORGANIZATION)]
        == sums[Scope("owner", "")]
        == sums[resource_scope("1", "eu-west-1", "AWS_EC2_INSTANCE", "i-9")]
    )


FEW = st.sampled_from(("a", "b"))
AGE = st.fixed_dictionaries(
    {
        "account_id": FEW,
        "region": FEW,
        "resource_type": FEW,
        "resource_id": FEW,
        "owner": st.none() | FEW,
        "severity_rank": st.integers(0, 6),
        "opened_on": st.integers(0, 2).map(lambda n: date(2026, 11, 1) + timedelta(n)),
        "kev_due": st.none() | st.just(date(2026, 12, 1)),
        "findings": st.integers(1, 3),
        "shared": st.integers(0, 3),
        "unchecked": st.integers(0, 3),
    }
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples * 30 // 100,
)
@given(st.lists(AGE, max_size=8))
def test_ages_add_up_as_by_hand(held: Open, rows: list[dict[str, Any]]) -> None:
    sums: dict[Scope, Counter[Bucket]] = {}
    for one in rows:
        bucket = Bucket(
            one["severity_rank"],
            one["opened_on"].isoformat(),
            "2026-12-01" if one["kev_due"] else "",
        )
        places = [
            ("account", "account_id"),
            ("region", "region"),
            ("type", "resource_type"),
            ("owner", "owner"),
        ]
        for scope in [
            Scope(ORGANIZATION),
            *(Scope(kind, one[name] or "") for kind, name in places),
        ]:
            sums.setdefault(scope, Counter())[bucket] += one["shared"]
    wanted = {
        scope: Ages({one: n for one, n in found.items() if n}) for scope, found in sums.items()
    }
    assert aggregates.ages(held(ages=rows)) == {
        scope: ages for scope, ages in wanted.items() if ages != Ages()
    }
