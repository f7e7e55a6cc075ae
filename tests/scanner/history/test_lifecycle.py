"""Properties of the history.

Events explain every finding that appeared or disappeared, and unread findings are not resolved.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.store.schema.tables import COVERAGE, FINDINGS, PACKAGES, RESOURCES, TABLES
from sre_scanner.history.lifecycle import PIECE, Night, history_tables

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)
PLACE = {"account_id": "111122223333", "region": "eu-west-1", "resource_type": "AWS_EC2_INSTANCE"}
Key = tuple[str, str]
Tables = dict[str, list[dict[str, Any]]]

SEEN = st.dictionaries(
    st.tuples(st.sampled_from(["i-1", "i-2", "i-3"]), st.sampled_from(["CVE-1", "CVE-2", "CVE-3"])),
    st.tuples(st.sampled_from(["ACTIVE", "SUPPRESSED"]), st.integers(0, 3)),
)
NIGHTS = st.lists(
    st.fixed_dictionaries(
        {
            "seen": SEEN,
            "state": st.sampled_from(["reached", "reached", "reached", "denied", "not_opted_in"]),
            "named": st.booleans(),
            "covered": st.dictionaries(
                st.sampled_from(["i-1", "i-2", "i-3"]),
                st.sampled_from(["ACTIVE", "INACTIVE", "late"]),
            ),
        }
    ),
    min_size=1,
    max_size=5,
)


def written(
    folder: Path, name: str, rows: Sequence[Mapping[str, Any]], schema: pa.Schema
) -> list[Path]:
    """Writes rows as one part of a table."""
    path = folder / f"{name}.parquet"
    pq.write_table(
        pa.Table.from_pylist([{"snapshot_id": "s", **row} for row in rows], schema), path
    )
    return [path]


def finding(key: Key, status: str, rank: int, at: datetime) -> dict[str, Any]:
    """One row of findings.

    Its ARN differs in every snapshot, because the ARN is not the finding's identity.
    """
    return {
        **PLACE,
        "resource_id": key[0],
        "finding_arn": f"arn/{key}/{at:%d}",
        "resource_index": 0,
        "type": "PACKAGE_VULNERABILITY",
        "severity_rank": rank,
        "status": status,
        "vulnerability_id": key[1],
        "subject": key[1],
        "details_id": 0,
        "first_observed_at": at - timedelta(hours=1),
    }


def lived(
    folder: Path,
    number: int,
    night: Mapping[str, Any],
    before: Tables,
    group: str = "",
    piece: int = PIECE,
) -> Tables:
    """Applies the rules to one snapshot.

    ``before`` is the result for the previous one. All resources except i-4 are in the group.
    """
    at = FIRST + timedelta(days=number)
    here = folder / str(number)
    here.mkdir()
    findings = night.get("findings") or [
        finding(key, status, rank, at) for key, (status, rank) in night["seen"].items()
    ]
    groups = {one: group if group and one != "i-4" else one for one in ("i-1", "i-2", "i-3", "i-4")}
    resources = [
        {
            **PLACE,
            "resource_id": one,
            "public": False,
            "exposure_group": groups[one],
            **dict.fromkeys(_NUMBERS, 0),
        }
        for one in sorted({key[0] for key in night["seen"]})
    ]
    late = {"ACTIVE": timedelta(hours=1), "INACTIVE": timedelta(hours=1), "late": timedelta(days=9)}
    coverage = [
        {
            **PLACE,
            "resource_id": one,
            "scan_type": scan_type,
            "status": "INACTIVE" if how == "INACTIVE" else "ACTIVE",
            "reason": "SUCCESSFUL",
            "exposure_group": groups[one],
            "last_scanned_at": at - late[how],
        }
        for one, how in night["covered"].items()
        for scan_type in night.get("states", ("PACKAGE",))
    ]
    parts = {
        "findings": written(here, "findings", findings, FINDINGS),
        "packages": written(here, "packages", [], PACKAGES),
        "coverage": written(here, "coverage", coverage, COVERAGE),
        "resources": written(here, "resources", resources, RESOURCES),
    }
    earlier = {
        name: [folder / str(number - 1) / f"{name}.parquet"]
        for name in ("findings", "packages", "states", "cells")
    }
    types = night.get("states") or {"PACKAGE": night["state"]}
    # or one cell for the other types
    kind, rest = (PLACE["resource_type"], "") if night.get("named", True) else ("*", "*")
    cells = [(PLACE["account_id"], kind, rest or one, state) for one, state in types.items()]
    asked = Night(f"s{number}", at, "aws", PLACE["region"], cells, parts, earlier if before else {})
    found: Tables = {}
    for name, tables in history_tables(asked, here, piece):
        every = list(tables)
        found[name] = [row for one in every for row in one.to_pylist()]
        pq.write_table(
            pa.concat_tables([TABLES[name].empty_table(), *every]), here / f"{name}.parquet"
        )
    return found


_NUMBERS = [field.name for field in RESOURCES if pa.types.is_integer(field.type)]


def held(tables: Tables) -> dict[Key, str]:
    """The open or suppressed findings, according to the states."""
    return {
        (one["resource_id"], one["subject"]): one["status"]
        for one in tables.get("states", [])
        if one["status"] != "resolved"
    }


@settings(max_examples=settings().max_examples * 40 // 100)
@given(NIGHTS)
def test_events_account_for_all_findings_and_unread_ones_are_not_resolved(
    nights: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        before: Tables = {}
        for number, night in enumerate(nights):
            now = lived(Path(name), number, night, before)
            check(night, before, now)
            before = now


def check(night: dict[str, Any], before: Tables, now: Tables) -> None:
    """Checks the properties of one snapshot."""
    was, seen = (
        held(before),
        {
            key: "open" if status == "ACTIVE" else "suppressed"
            for key, (status, _) in night["seen"].items()
        },
    )
    events = [
        (one["kind"], one["cause"], (one["resource_id"], one["subject"])) for one in now["events"]
    ]
    came = [key for kind, _, key in events if kind in ("opened", "reopened")]
    went = {key: cause for kind, cause, key in events if kind == "resolved"}
    assert sorted(came) == sorted(seen.keys() - was.keys())
    assert held(now) == {key: status for key, status in was.items() if key not in went} | seen
    if night["state"] == "denied":
        assert went == {}
        return
    assert went.keys() == was.keys() - seen.keys()
    for (resource, _), cause in went.items():
        off = night["state"] == "not_opted_in"
        assert cause == ("not_scanned" if off else expected(night, was, went, resource))


def expected(
    night: Mapping[str, Any], was: Mapping[Key, str], went: Mapping[Key, str], resource: str
) -> str:
    """The cause of a missing finding without package versions and without CLOSED."""
    how = night["covered"].get(resource)
    if how is None:
        return "terminated" if night["covered"] else "unknown"
    if how != "ACTIVE":
        return "not_scanned" if how == "INACTIVE" else "unknown"
    lost, had = (Counter(one for one, _ in keys) for keys in (went, was))
    bulk = lost[resource] * 2 > had[resource] or len(went) * 2 > len(was)
    return "unknown" if bulk else "patched"


def test_a_rebuilt_group_member_keeps_the_age_and_the_last_member_ends_it() -> None:
    """i-1 is replaced by i-2, which is still vulnerable; then i-2 by i-3, which is clean."""
    plan: list[tuple[dict[Key, tuple[str, int]], list[str]]] = [
        ({("i-1", "CVE-1"): ("ACTIVE", 0)}, ["i-1"]),
        ({("i-2", "CVE-1"): ("ACTIVE", 0)}, ["i-2"]),
        ({("i-4", "CVE-9"): ("ACTIVE", 0)}, ["i-4"]),
        ({("i-3", "CVE-2"): ("ACTIVE", 0)}, ["i-3"]),
    ]
    with tempfile.TemporaryDirectory() as name:
        told: list[list[tuple[str, str | None]]] = []
        before: Tables = {}
        since = []
        for number, (seen, covered) in enumerate(plan):
            night = {"seen": seen, "state": "reached", "covered": dict.fromkeys(covered, "ACTIVE")}
            before = lived(Path(name), number, night, before, "scaling-group/web")
            told.append(
                [
                    (one["kind"], one["cause"])
                    for one in before["events"]
                    if one["subject"] == "CVE-1"
                ]
            )
            since.append(
                [one["exposed_since"] for one in before["states"] if one["subject"] == "CVE-1"]
            )
    assert told[0] == [("opened", "onboarding")]
    assert sorted(told[1]) == [("opened", "successor"), ("resolved", "terminated")]
    assert told[2] == [("resolved", "terminated")], (
        "nobody was seen without it yet: the group waits"
    )
    assert told[3] == [("exposure_ended", "patched")]
    assert {moment for night in since for moment in night} == {FIRST - timedelta(hours=1)}


def test_a_group_whose_cell_disappears_keeps_its_age_for_its_next_member() -> None:
    """Coverage lists nothing at all, so nothing proves that i-1 was terminated."""
    plan: list[tuple[dict[Key, tuple[str, int]], list[str]]] = [
        ({("i-1", "CVE-1"): ("ACTIVE", 0)}, ["i-1"]),
        ({}, []),
        ({("i-2", "CVE-1"): ("ACTIVE", 0)}, ["i-2"]),
    ]
    with tempfile.TemporaryDirectory() as name:
        before: Tables = {}
        told: list[list[tuple[str, str | None]]] = []
        for number, (seen, covered) in enumerate(plan):
            night = {"seen": seen, "state": "reached", "covered": dict.fromkeys(covered, "ACTIVE")}
            before = lived(Path(name), number, night, before, "scaling-group/web")
            told.append([(one["kind"], one["cause"]) for one in before["events"]])
        ages = {one["exposed_since"] for one in before["states"]}
    assert told[1:] == [[("resolved", "unknown")], [("opened", "successor")]]
    assert ages == {FIRST - timedelta(hours=1)}


SCAN_TYPES = {"PACKAGE_VULNERABILITY": "PACKAGE", "NETWORK_REACHABILITY": "NETWORK"}
SEVERAL = st.fixed_dictionaries(
    {
        # findings by ARN, including several with the same subject on one resource
        "found": st.dictionaries(
            st.integers(0, 9),
            st.tuples(
                st.sampled_from(["i-1", "i-2"]),
                st.sampled_from(["CVE-1", "CVE-2"]),
                st.sampled_from(sorted(SCAN_TYPES)),
                st.sampled_from(["ACTIVE", "SUPPRESSED", "CLOSED"]),
            ),
        ),
        "rebuilt": st.booleans(),  # from here on, every ARN changes
        "states": st.fixed_dictionaries(
            {
                one: st.sampled_from(["reached", "reached", "denied", "disabled", "not_opted_in"])
                for one in SCAN_TYPES.values()
            }
        ),
        "covered": st.dictionaries(
            st.sampled_from(["i-1", "i-2"]), st.sampled_from(["ACTIVE", "INACTIVE", "late"])
        ),
    }
)


def cells(rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """The number of rows by scan type."""
    return Counter(SCAN_TYPES[one["type"]] for one in rows)


def of_night(plan: Mapping[str, Any], number: int, rebuilt: int) -> dict[str, Any]:
    """The plan of a snapshot as input for ``lived``.

    A finding keeps its identity as long as its number stays the same.
    """
    at = FIRST + timedelta(days=number)
    findings = [
        finding((resource, subject), status, 1, at)
        | {"finding_arn": f"arn:{rebuilt}/{arn}/{resource}/{subject}/{kind}", "type": kind}
        for arn, (resource, subject, kind, status) in plan["found"].items()
    ]
    seen = {(one["resource_id"], one["subject"]): () for one in findings}
    return {**plan, "findings": findings or None, "seen": seen if findings else {}}


@settings(max_examples=15)
@given(st.lists(SEVERAL, min_size=2, max_size=3))
def test_open_findings_equal_the_previous_ones_plus_opened_minus_resolved(
    plans: list[dict[str, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        before: Tables = {"states": []}
        rebuilt = 0
        for number, plan in enumerate(plans):
            rebuilt += plan["rebuilt"]
            night = of_night(plan, number, rebuilt)
            now = lived(Path(name), number, night, before if number else {})
            balanced(night, before, now)
            before = now


def balanced(night: Mapping[str, Any], before: Tables, now: Tables) -> None:
    """Checks the counts of one snapshot for each account, region and type."""
    was = [one for one in before["states"] if one["status"] != "resolved"]
    held_now = [one for one in now["states"] if one["status"] != "resolved"]
    seen = [one for one in night["findings"] or () if one["status"] != "CLOSED"]
    moves = {
        kind: [one for one in now["events"] if one["kind"] == kind]
        for kind in ("opened", "reopened", "resolved")
    }
    for cell, state in night["states"].items():
        came = cells(moves["opened"])[cell] + cells(moves["reopened"])[cell]
        assert cells(held_now)[cell] == cells(was)[cell] + came - cells(moves["resolved"])[cell]
        if state in ("denied", "disabled"):
            assert not cells(moves["resolved"])[cell]
        else:
            assert cells(held_now)[cell] == cells(seen)[cell]
            active = [one for one in held_now if one["status"] == "open"]
            assert (
                cells(active)[cell]
                == cells([one for one in seen if one["status"] == "ACTIVE"])[cell]
            )
    assert sum(one["findings"] for one in now["ages"]) == sum(
        one["status"] == "ACTIVE" for one in seen
    )
    names = [
        (one["resource_id"], one["type"], one["subject"], one["ordinal"]) for one in now["states"]
    ]
    assert len(names) == len(set(names))
    keys = [
        (one["kind"], one["type"], one["finding_key"])
        for one in now["events"]
        if one["kind"] != "exposure_ended"
    ]
    assert len(keys) == len(set(keys))


FOUR = st.dictionaries(
    st.sampled_from("abcd"), st.sampled_from(["ACTIVE", "SUPPRESSED"]), max_size=4
)


@settings(max_examples=10)
@given(st.lists(FOUR, min_size=2, max_size=3))
def test_of_several_findings_of_a_subject_the_missing_one_is_resolved(
    nights: list[dict[str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        before: Tables = {}
        for number, found in enumerate(nights):
            at = FIRST + timedelta(days=number)
            findings = [
                {**finding(("i-1", "CVE-1"), status, 1, at), "finding_arn": arn}
                for arn, status in found.items()
            ]
            night = {
                "findings": findings or None,
                "seen": {("i-1", "CVE-1"): ()} if findings else {},
                "states": {"PACKAGE": "reached"},
                "covered": {"i-1": "ACTIVE"},
            }
            before = lived(Path(name), number, night, before)
            gone = nights[number - 1].keys() - found.keys() if number else set()
            new = found.keys() - nights[number - 1].keys() if number else found.keys()
            moved = {
                kind: sorted(one["finding_arn"] for one in before["events"] if one["kind"] == kind)
                for kind in ("opened", "reopened", "resolved")
            }
            came = [*moved["opened"], *moved["reopened"]]
            assert len(came) - len(moved["resolved"]) == len(new) - len(gone)
            assert set(moved["resolved"]) <= gone
            assert set(came) <= new
