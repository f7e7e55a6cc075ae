"""Findings of several resources, seen by a client with access to some of them.

Such a finding is counted at the first accessible resource and names no inaccessible one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.sources import make_sources

from sre_findings.engine.duckdb import DuckDB
from sre_findings.model.access import ALL, NOTHING, Access
from sre_findings.queries import ask
from sre_findings.queries.export import rows as rows_of
from sre_findings.questions.catalogue import (
    CACHED,
    ExportFilters,
    ExportPage,
    Exposure,
    Priorities,
    Sla,
    Summary,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter

ACCOUNT, REGION, KIND = "111122223333", "eu-west-1", "AWS_EC2_INSTANCE"
COUNTS = (
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
OWNERS = {"i-a": "ann", "i-b": "bob", "i-c": "bob"}


def finding(name: str, *resources: str) -> list[dict[str, Any]]:
    """The rows of one finding: one for each of its resources."""
    return [
        {
            "finding_arn": f"arn:{name}",
            "resource_index": index,
            "account_id": ACCOUNT,
            "region": REGION,
            "resource_type": KIND,
            "resource_id": one,
            "owner": OWNERS[one],
            "severity": "HIGH",
            "severity_rank": 1,
            "status": "ACTIVE",
            "type": "PACKAGE_VULNERABILITY",
            "vulnerability_id": name,
            "subject": name,
            "title": name,
            "details_id": 1,
            "first_observed_at": datetime(2026, 11, 1, tzinfo=UTC),
            "resources": f"[{', '.join(resources)}]",
        }
        for index, one in enumerate(resources)
    ]


def counted(one: str, own: int, shared: int) -> dict[str, Any]:
    numbers = {**dict.fromkeys(COUNTS, 0), "high": own}
    first = {**{f"shared_{name}": 0 for name in COUNTS}, "shared_high": shared}
    place = {
        "resource_id": one,
        "resource_type": KIND,
        "account_id": ACCOUNT,
        "region": REGION,
        "owner": OWNERS[one],
    }
    return {**place, "public": False, "exposure_group": one, "closed": 0, **numbers, **first}


def named(one: str) -> dict[str, Any]:
    place = {
        "resource_id": one,
        "resource_type": KIND,
        "account_id": ACCOUNT,
        "region": REGION,
        "owner": OWNERS[one],
    }
    return {**place, "name": one, "kind": "id"}


def aged(one: str, findings: int, shared: int) -> dict[str, Any]:
    place = {
        "resource_id": one,
        "resource_type": KIND,
        "account_id": ACCOUNT,
        "region": REGION,
        "owner": OWNERS[one],
    }
    return {
        **place,
        "severity_rank": 1,
        "opened_on": date(2026, 11, 1),
        "findings": findings,
        "shared": shared,
        "unchecked": 0,
    }


@pytest.fixture
def sources(tmp_path: Path, write_night: Callable[..., Any]) -> Sources:
    """Findings of shared resources.

    CVE-1 affects i-a and then i-b; CVE-2 only i-b; CVE-3 i-b and i-c, both owned by bob.
    """
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    rows = [
        *finding("CVE-1", "i-a", "i-b"),
        *finding("CVE-2", "i-b"),
        *finding("CVE-3", "i-b", "i-c"),
    ]
    night = write_night(
        snapshots,
        1,
        findings=sorted(rows, key=lambda row: row["resource_id"]),
        details=[{"region": REGION, "details_id": 1}],
        resources=[counted("i-a", 1, 1), counted("i-b", 3, 2), counted("i-c", 1, 0)],
        ages=[aged("i-a", 1, 1), aged("i-b", 3, 2), aged("i-c", 1, 0)],
        names=[named(one) for one in OWNERS],
    )
    return make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path, night.ended_at)


def seen(sources: Sources, *owners: str) -> Sources:
    return sources.seen_by(Access(frozenset({ALL}), frozenset(owners)))


def sent(sources: Sources) -> list[Any]:
    """The resources in whole findings, as Inspector sent them."""
    return [one.get("resources") for one in ask(ExportPage(ExportFilters()), sources).items]


def exported(sources: Sources) -> list[tuple[str, str, str | None]]:
    _, batches = rows_of(ExportFilters(), sources)
    return [
        (row["finding_arn"], row["resource_id"], row["resources"])
        for batch in batches
        for row in batch
    ]


def test_it_counts_at_the_first_resource_that_is_seen(sources: Sources) -> None:
    bob = seen(sources, "bob")
    assert ask(Summary(), bob).rollup.counts.total == 3
    assert {
        one.value: one.rollup.counts.total for one in ask(Summary("vulnerability"), bob).groups
    } == {
        "CVE-1": 1,
        "CVE-2": 1,
        "CVE-3": 1,
    }
    assert [one["resource_id"] for one in ask(Exposure("CVE-1"), bob).items] == ["i-b"]
    assert ask(Priorities(), bob).total == 3
    assert ask(Sla(), bob).items[0]["later"] == 3
    assert ask(Vulnerabilities("i-b", source=CACHED), bob).rollup.counts.total == 3


def test_it_never_looks_clean_to_who_sees_its_second_resource_alone(
    tmp_path: Path, write_night: Callable[..., Any]
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    night = write_night(
        snapshots,
        1,
        findings=finding("CVE-1", "i-a", "i-b"),
        resources=[counted("i-a", 1, 1), counted("i-b", 1, 0)],
    )
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path, night.ended_at)
    for owner in ("ann", "bob"):
        assert ask(Summary(), seen(sources, owner)).verdict.verdict == "vulnerable"
        assert ask(Summary(owners=(owner,)), sources).verdict.verdict == "vulnerable", (
            "who sees all of it asks for theirs"
        )


def test_what_else_it_is_of_is_told_to_who_sees_all_of_it(sources: Sources) -> None:
    assert exported(seen(sources, "bob")) == [
        ("arn:CVE-1", "i-b", None),
        ("arn:CVE-2", "i-b", "[i-b]"),
        ("arn:CVE-3", "i-b", "[i-b, i-c]"),
    ]
    assert exported(seen(sources, "ann")) == [("arn:CVE-1", "i-a", None)]
    assert exported(seen(sources, "ann", "bob")) == exported(sources)
    assert sent(seen(sources, "ann")) == [None]
    assert exported(sources)[0] == ("arn:CVE-1", "i-a", "[i-a, i-b]")


def test_visible_cells_are_those_of_the_accounts_and_of_unread_regions(
    tmp_path: Path, write_night: Callable[..., Any]
) -> None:
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    night = write_night(
        snapshots,
        1,
        cells=[{"account_id": one} for one in (ACCOUNT, "444455556666", "*")],
        moods=[{"mood": "calm"}],
    )
    sources = make_sources(snapshots, SqliteTable(tmp_path / "table"), tmp_path)

    def accounts(access: Access) -> list[str]:
        engine = sources.seen_by(access).open([night])
        assert isinstance(engine, DuckDB)
        assert engine.connect(["moods"]).execute("select * from moods").fetchall() == [], (
            "whose they are nobody said"
        )
        return sorted(
            row[0]
            for row in engine.connect(["cells"]).execute("select account_id from cells").fetchall()
        )

    everybody = frozenset({ALL})
    assert accounts(Access(frozenset({ACCOUNT}), everybody)) == ["*", ACCOUNT]
    assert accounts(Access(everybody, frozenset({"ann"}))) == ["*", ACCOUNT, "444455556666"]
    assert accounts(NOTHING) == []
