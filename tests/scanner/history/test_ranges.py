"""A region processed in ranges has the same history as one processed as a whole.

The rows and their order are equal.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.model.errors import StoreUnreadable
from sre_findings.store.schema.tables import (
    CLOSED,
    COVERAGE,
    FINDINGS,
    HISTORY,
    PACKAGES,
    RESOURCES,
    VULNERABILITIES,
)
from sre_scanner.history.lifecycle import Night, history_tables
from sre_scanner.history.ranges import cut, regrouped

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)
WHOLE = 1_000_000
RESOURCES_OF_ALL = ["", "i-1", "i-2", "i-3", "img/a", "img/b", "it's"]
KINDS = {"i": "AWS_EC2_INSTANCE", "m": "AWS_ECR_CONTAINER_IMAGE"}
ACCOUNTS = ["111122223333", "444455556666"]
Rows = list[dict[str, Any]]

ONE = st.fixed_dictionaries(
    {
        "resource": st.sampled_from(RESOURCES_OF_ALL),
        "account": st.sampled_from(ACCOUNTS),
        "subject": st.sampled_from(["CVE-1", "CVE-2", "CVE-3"]),
        "copy": st.integers(0, 2),
        "rank": st.integers(0, 2),
        "status": st.sampled_from(["ACTIVE", "ACTIVE", "SUPPRESSED", "CLOSED"]),
        "list": st.none() | st.integers(0, 2),
        "fix": st.sampled_from(["YES", "NO"]),
    }
)
NIGHT = st.fixed_dictionaries(
    {
        "found": st.lists(ONE, max_size=14),
        "closed": st.lists(ONE, max_size=3),
        "groups": st.dictionaries(
            st.sampled_from(RESOURCES_OF_ALL), st.sampled_from(["group/1", "repository/a/arm64"])
        ),
        "covered": st.dictionaries(
            st.sampled_from(RESOURCES_OF_ALL), st.sampled_from(["now", "late", "off", "gone"])
        ),
        "reached": st.sampled_from(["reached", "reached", "reached", "denied", "not_opted_in"]),
        "versions": st.lists(st.sampled_from(["1", "2"]), min_size=3, max_size=3),
    }
)


def written(folder: Path, name: str, rows: Rows, schema: pa.Schema) -> list[Path]:
    """Writes rows as one part of a table."""
    path = folder / f"{name}.parquet"
    plain = {
        field.name: False if pa.types.is_boolean(field.type) else 0
        for field in schema
        if not field.nullable
        and (pa.types.is_integer(field.type) or pa.types.is_boolean(field.type))
    }
    pq.write_table(
        pa.Table.from_pylist(
            [{"snapshot_id": "s", "region": "eu-west-1", **plain, **row} for row in rows], schema
        ),
        path,
        row_group_size=3,
    )
    return [path]


def finding(one: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """A row of findings. Several with the same subject on one resource differ by ARN."""
    arn = f"arn/{one['account']}/{one['resource']}/{one['subject']}/{one['copy']}"
    return {
        **place(one["resource"], one["account"]),
        "finding_arn": arn,
        "type": "PACKAGE_VULNERABILITY",
        "status": one["status"],
        "severity_rank": one["rank"],
        "vulnerability_id": one["subject"],
        "subject": one["subject"],
        "title": one["subject"],
        "packages_id": one["list"],
        "fix_available": one["fix"],
        "first_observed_at": at - timedelta(hours=one["copy"]),
    }


def place(resource: str, account: str) -> dict[str, Any]:
    """The account, resource and type of a row."""
    return {
        "account_id": account,
        "region": "eu-west-1",
        "resource_id": resource,
        "resource_type": KINDS[resource[1:2] if resource[1:2] == "m" else "i"],
    }


def parts(folder: Path, plan: Mapping[str, Any], at: datetime) -> dict[str, list[Path]]:
    """The parts that the shards of a snapshot wrote, sorted by resource."""
    unique = {
        (one["resource"], one["account"], one["subject"], one["copy"]): finding(one, at)
        for one in plan["found"]
    }
    findings = [unique[key] for key in sorted(unique)]
    group = plan["groups"].get
    resources = [
        place(one, account) | {"exposure_group": group(one, one)}
        for one in RESOURCES_OF_ALL
        for account in ACCOUNTS
    ]
    hours = {"now": 1, "late": 99, "off": 1, "gone": 1}
    coverage = [
        place(one, account)
        | {
            "scan_type": "PACKAGE",
            "status": "INACTIVE" if how == "off" else "ACTIVE",
            "exposure_group": group(one, one),
            "reason": "RESOURCE_TERMINATED" if how == "gone" else "SUCCESSFUL",
            "last_scanned_at": at - timedelta(hours=hours[how]),
        }
        for one, how in plan["covered"].items()
        for account in ACCOUNTS
    ]
    packages = [
        {"packages_id": number, "position": 0, "name": f"p{number}", "version": version}
        for number, version in enumerate(plan["versions"])
    ]
    closed = [
        {name: value for name, value in finding(one, at).items() if name in CLOSED.names}
        for one in plan["closed"]
    ]
    vulnerabilities = [{"vulnerability_id": "CVE-1", "checked": True, "kev_due": at.date()}]
    tables: dict[str, tuple[Rows, pa.Schema]] = {
        "findings": (findings, FINDINGS),
        "resources": (resources, RESOURCES),
        "coverage": (coverage, COVERAGE),
        "packages": (packages, PACKAGES),
        "closed": (closed, CLOSED),
        "vulnerabilities": (vulnerabilities, VULNERABILITIES),
    }
    return {name: written(folder, name, rows, schema) for name, (rows, schema) in tables.items()}


def lived(
    folder: Path,
    plan: Mapping[str, Any],
    at: datetime,
    tonight: dict[str, list[Path]],
    before: Path | None,
    piece: int,
) -> dict[str, pa.Table]:
    """The history of a snapshot."""
    earlier = (
        {name: [before / f"{name}.parquet"] for name in ("findings", "packages", "states", "cells")}
        if before
        else {}
    )
    kinds = [
        (account, kind, "PACKAGE", plan["reached"])
        for account in ACCOUNTS
        for kind in KINDS.values()
    ]
    night = Night(
        "s",
        at,
        "aws",
        "eu-west-1",
        kinds,
        tonight,
        earlier,
        tonight["vulnerabilities"],
        tonight["closed"],
    )
    made = ((name, list(tables)) for name, tables in history_tables(night, folder, piece))
    return {name: pa.concat_tables([HISTORY[name].empty_table(), *tables]) for name, tables in made}


@settings(max_examples=settings().max_examples * 3 // 10)
@given(st.lists(NIGHT, min_size=2, max_size=3), st.sampled_from([1, 2, 3, 7]))
def test_ranges_of_any_size_give_the_same_history(
    plans: Sequence[dict[str, Any]], piece: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        before: Path | None = None
        for number, plan in enumerate(plans):
            at, folder = FIRST + timedelta(days=number), Path(name) / str(number)
            folder.mkdir()
            tonight = parts(folder, plan, at)
            whole = lived(folder, plan, at, tonight, before, WHOLE)
            assert lived(folder, plan, at, tonight, before, piece) == whole
            for table, rows in whole.items():
                pq.write_table(rows, folder / f"{table}.parquet")
            before = folder


KEY = st.tuples(st.sampled_from(["a", "b", "it's", "é"]), st.sampled_from(["", "x", "y"]))


@given(st.lists(KEY), st.integers(1, 9))
def test_every_row_is_in_one_range_and_ranges_follow_the_order_of_the_keys(
    keys: list[tuple[str, str]], most: int
) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table source (one text, other text)")
        if keys:
            connection.executemany("insert into source values (?, ?)", keys)
        found: list[tuple[str, str]] = []
        for each in cut(connection, "source", ("one", "other"), most):
            each.choose(connection)
            rows = connection.execute(
                f"select * from source where {each.within} order by all"
            ).fetchall()
            assert 0 < len(rows) <= most or len(set(rows)) == 1
            found += rows
    assert found == sorted(keys)


@given(st.lists(st.integers(0, 9)), st.integers(1, 12))
def test_regrouping_loses_no_row(sizes: list[int], rows: int) -> None:
    numbers = iter(range(sum(sizes)))
    schema = pa.schema([pa.field("n", pa.int32(), nullable=False)])
    batches = [
        pa.record_batch({"n": pa.array([next(numbers) for _ in range(size)], pa.int64())})
        for size in sizes
    ]
    tables = list(regrouped(batches, schema, rows))
    assert [n for table in tables for n in table.column("n").to_pylist()] == list(range(sum(sizes)))
    assert all(len(table) == rows for table in tables[:-1])
    assert all(0 < len(table) <= rows and table.schema == schema for table in tables)


def test_a_damaged_part_is_a_store_error(tmp_path: Path) -> None:
    plan = {
        "found": [],
        "closed": [],
        "groups": {},
        "covered": {},
        "reached": "reached",
        "versions": ["1", "1", "1"],
    }
    tonight = parts(tmp_path, plan, FIRST)
    tonight["findings"][0].write_bytes(b"PAR1")
    with pytest.raises(StoreUnreadable, match="the history of eu-west-1 could not be computed"):
        lived(tmp_path, plan, FIRST, tonight, None, WHOLE)


def found(resource: str, subject: str, copy: int = 0) -> dict[str, Any]:
    """One finding of a plan."""
    return {
        "resource": resource,
        "account": ACCOUNTS[0],
        "subject": subject,
        "copy": copy,
        "rank": 0,
        "status": "ACTIVE",
        "list": None,
        "fix": "NO",
    }


def test_groups_across_ranges_give_the_same_events_as_one_range(tmp_path: Path) -> None:
    """Groups whose members are in different ranges.

    A group's age passes to a member in another range, its exposure ends once, and bulk losses are
    counted across ranges.
    """
    groups = dict.fromkeys(("i-1", "i-2", "i-3"), "group/1")
    many = [found(resource, "CVE-9", copy) for resource in ("", "it's") for copy in range(9)]
    first = [found("i-1", "CVE-1"), found("i-1", "CVE-2"), found("i-2", "CVE-2"), *many]
    nights: list[tuple[Rows, Sequence[str]]] = [
        (first, ("i-1", "i-2", "i-3")),
        ([found("i-3", "CVE-1")], ("i-3", "", "it's")),
    ]
    told: dict[int, Rows] = {}
    for piece in (WHOLE, 1):
        before: Path | None = None
        for number, (rows, covered) in enumerate(nights):
            folder = tmp_path / f"{piece}-{number}"
            folder.mkdir()
            plan = {
                "found": rows,
                "closed": [],
                "groups": groups,
                "covered": dict.fromkeys(covered, "now"),
                "reached": "reached",
                "versions": ["1"] * 3,
            }
            at = FIRST + timedelta(days=number)
            made = lived(folder, plan, at, parts(folder, plan, at), before, piece)
            for table, content in made.items():
                pq.write_table(content, folder / f"{table}.parquet")
            before, told[piece] = folder, made["events"].to_pylist()
    assert told[1] == told[WHOLE]
    words = [(one["kind"], one["cause"], one["subject"]) for one in told[1]]
    assert ("opened", "successor", "CVE-1") in words
    assert words.count(("exposure_ended", "patched", "CVE-2")) == 1
    assert words.count(("resolved", "unknown", "CVE-9")) == 18, (
        "no resource lost ten, but its cell lost twenty"
    )
