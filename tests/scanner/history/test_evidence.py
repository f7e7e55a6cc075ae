"""Why findings are gone is judged by everything known since they were last seen.

Snapshots that read a region and snapshots that do not follow each other in any order. The causes
are compared with a small model of the table in docs/architecture.md.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sre_findings.store.schema.tables import CLOSED, COVERAGE, FINDINGS, PACKAGES, TABLES
from sre_scanner.history.lifecycle import Night, history_tables

FIRST = datetime(2026, 11, 1, 1, tzinfo=UTC)
PLACE = {"account_id": "111122223333", "region": "eu-west-1", "resource_type": "AWS_EC2_INSTANCE"}
EARLIER = ("findings", "packages", "states", "cells")
OFF = "not_opted_in"
Key = tuple[str, str]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """A finding as one snapshot lists it: its ARN, and the package with its version."""

    arn: str
    package: str = "tls"
    version: str = "1"
    status: str = "ACTIVE"


@dataclass(frozen=True)
class Reading:
    """What one snapshot learns.

    ``covered`` gives the coverage of resources, and ``closed`` the ARNs that Inspector closed, of
    the finding with that resource and vulnerability.
    """

    seen: Mapping[Key, Seen] = field(default_factory=dict)
    covered: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[Key, Sequence[str]] = field(default_factory=dict)
    state: str = "reached"


class Region:
    """The history of one region: each reading is one day later."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self.states: Rows = []

    def read(self, one: Reading) -> Rows:
        """Applies the rules to a reading, and returns the events."""
        at, here = FIRST + timedelta(days=self._count), self._folder / str(self._count)
        here.mkdir()
        lists = sorted({(finding.package, finding.version) for finding in one.seen.values()})
        parts = {
            "findings": _written(
                here,
                "findings",
                [
                    _finding(k, f, lists.index((f.package, f.version)), at)
                    for k, f in one.seen.items()
                ],
                FINDINGS,
            ),
            "packages": _written(here, "packages", _packages(lists), PACKAGES),
            "coverage": _written(
                here, "coverage", [_coverage(*item, at) for item in one.covered.items()], COVERAGE
            ),
        }
        closed = [_closing(key, arn, at) for key, arns in one.closed.items() for arn in arns]
        before = self._folder / str(self._count - 1)
        night = Night(
            f"s{self._count}",
            at,
            "aws",
            PLACE["region"],
            [(PLACE["account_id"], PLACE["resource_type"], "PACKAGE", one.state)],
            parts,
            {name: [before / f"{name}.parquet"] for name in EARLIER} if self._count else {},
            closed=_written(here, "closed", closed, CLOSED),
        )
        made = {name: [*tables] for name, tables in history_tables(night, here)}
        for name, tables in made.items():
            pq.write_table(
                pa.concat_tables([TABLES[name].empty_table(), *tables]), here / f"{name}.parquet"
            )
        self._count += 1
        self.states = [row for table in made["states"] for row in table.to_pylist()]
        return [row for table in made["events"] for row in table.to_pylist()]


def _written(folder: Path, name: str, rows: Rows, schema: pa.Schema) -> list[Path]:
    path = folder / f"{name}.parquet"
    pq.write_table(
        pa.Table.from_pylist([{"snapshot_id": "s", **row} for row in rows], schema), path
    )
    return [path]


def _finding(key: Key, one: Seen, packages: int, at: datetime) -> dict[str, Any]:
    return {
        **PLACE,
        "resource_id": key[0],
        "finding_arn": one.arn,
        "resource_index": 0,
        "type": "PACKAGE_VULNERABILITY",
        "severity_rank": 1,
        "status": one.status,
        "vulnerability_id": key[1],
        "title": f"{key[1]} - {one.package}",
        "subject": key[1],
        "details_id": 0,
        "packages_id": packages,
        "first_observed_at": at - timedelta(hours=1),
    }


def _packages(lists: Sequence[tuple[str, str]]) -> Rows:
    return [
        {
            "region": PLACE["region"],
            "packages_id": number,
            "position": 0,
            "name": name,
            "version": version,
        }
        for number, (name, version) in enumerate(lists)
    ]


def _coverage(resource: str, how: str, at: datetime) -> dict[str, Any]:
    return {
        **PLACE,
        "resource_id": resource,
        "name": f"name of {resource}",
        "scan_type": "PACKAGE",
        "status": "INACTIVE" if how in ("inactive", "terminated") else "ACTIVE",
        "reason": "RESOURCE_TERMINATED" if how == "terminated" else "SUCCESSFUL",
        "exposure_group": resource,
        "last_scanned_at": at - timedelta(days=9 if how == "late" else 0, hours=1),
    }


def _closing(key: Key, arn: str, at: datetime) -> dict[str, Any]:
    return {
        **PLACE,
        "finding_arn": arn,
        "resource_id": key[0],
        "type": "PACKAGE_VULNERABILITY",
        "subject": key[1],
        "updated_at": at - timedelta(hours=2),
    }


def resolved(events: Rows) -> dict[Key, tuple[str, str, str]]:
    """The cause, ARN and title of each resolved finding."""
    return {
        (one["resource_id"], one["subject"]): (one["cause"], one["finding_arn"], one["title"])
        for one in events
        if one["kind"] == "resolved"
    }


# --- the model


@dataclass
class Known:
    """What the model knows of an open finding."""

    last: Seen
    at: int
    closed: bool = False
    terminated: bool = False


class Model:
    """The promises of docs/architecture.md on one cell, without any of the product's code."""

    def __init__(self) -> None:
        self.open: dict[Key, Known] = {}
        self.gone: set[Key] = set()
        self.complete, self.off = False, False

    def read(self, number: int, one: Reading) -> tuple[dict[Key, str], Counter[str]]:
        """Returns the causes of the findings that are resolved, and how many came in each way."""
        onboarding = not self.complete or self.off
        causes = self._causes(number, one) if one.state in ("reached", OFF) else {}
        came: Counter[str] = Counter()
        for key in one.seen.keys() - self.open.keys():
            kind = "reopened" if key in self.gone else "opened"
            came[f"{kind} {'onboarding' if onboarding else 'new'}"] += 1
        for key in causes:
            del self.open[key]
            self.gone.add(key)
        self.gone -= one.seen.keys()
        self.open |= {key: Known(seen, number) for key, seen in one.seen.items()}
        for key in self.open.keys() - one.seen.keys():
            self._note(key, one)
        self.complete |= one.state == "reached"
        self.off = one.state in (OFF, "disabled") or (self.off and one.state != "reached")
        return causes, came

    def _note(self, key: Key, one: Reading) -> None:
        known = self.open[key]
        known.closed |= known.last.arn in one.closed.get(key, ())
        known.terminated |= one.covered.get(key[0]) == "terminated"

    def _causes(self, number: int, one: Reading) -> dict[Key, str]:
        lost = self.open.keys() - one.seen.keys()
        for key in lost:
            self._note(key, one)
        return {
            key: "not_scanned" if one.state == OFF else self._cause(key, number, one, lost)
            for key in lost
        }

    def _cause(self, key: Key, number: int, one: Reading, lost: set[Key]) -> str:
        known, how = self.open[key], one.covered.get(key[0])
        if how is None:
            return "terminated" if one.covered or known.closed or known.terminated else "unknown"
        if how != "active":
            late = "terminated" if how == "terminated" else "not_scanned"
            if how != "late":
                return late
            if not known.closed:
                return "unknown"
        versions = {
            seen.version
            for (resource, _), seen in one.seen.items()
            if resource == key[0] and seen.package == known.last.package
        }
        here = [each for each in self.open if each[0] == key[0]]
        many = sum(each in lost for each in here) * 2 > len(here) or len(lost) * 2 > len(self.open)
        if known.last.version in versions and (many or not known.closed):
            return "unknown"
        changed = bool(versions - {known.last.version})
        return "unknown" if many and not known.closed and not changed else "patched"


RESOURCES = st.sampled_from(["i-1", "i-2"])
EVERY = [(one, f"CVE-{number}") for one in ("i-1", "i-2") for number in range(3)]
KEYS = st.sampled_from(EVERY)
SEEN = st.builds(
    Seen,
    arn=st.sampled_from(["a", "b"]),
    package=st.sampled_from(["tls", "shell"]),
    version=st.sampled_from(["1", "2"]),
    status=st.sampled_from(["ACTIVE", "ACTIVE", "SUPPRESSED"]),
)
READINGS = st.lists(
    st.builds(
        Reading,
        seen=st.dictionaries(KEYS, SEEN),
        covered=st.dictionaries(
            RESOURCES, st.sampled_from(["active", "active", "inactive", "late", "terminated"])
        ),
        closed=st.dictionaries(KEYS, st.lists(st.sampled_from(["a", "b"]), max_size=2)),
        state=st.sampled_from(["reached", "reached", "denied", "disabled", OFF]),
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=settings().max_examples * 60 // 100)
@given(READINGS)
def test_causes_follow_from_what_was_known_when_findings_were_last_seen(
    readings: list[Reading],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        region, model = Region(Path(name)), Model()
        for number, one in enumerate(readings):
            last = {key: known.last for key, known in model.open.items()}
            causes, came = model.read(number, one)
            events = region.read(one)
            told = resolved(events)
            assert {key: cause for key, (cause, _, _) in told.items()} == causes
            assert {key: arn for key, (_, arn, _) in told.items()} == {
                key: last[key].arn for key in causes
            }
            assert {key: title for key, (_, _, title) in told.items()} == {
                key: f"{key[1]} - {last[key].package}" for key in causes
            }
            assert came == Counter(
                f"{event['kind']} {event['cause'] or 'new'}"
                for event in events
                if event["kind"] in ("opened", "reopened")
            )
            assert {
                (state["resource_id"], state["subject"])
                for state in region.states
                if state["status"] != "resolved"
            } == model.open.keys()


UNREAD = Reading(state="denied")
HOST, THING = "i-1", ("i-1", "CVE-1")
OTHERS = {("i-1", f"CVE-{number}"): Seen(f"arn-{number}", "shell") for number in (2, 3, 4)}
SCANNED = {"i-1": "active", "i-2": "active"}


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path)


@pytest.mark.parametrize("unread", [0, 2])
def test_unexplained_disappearances_are_unknown_with_their_arn_after_unread_snapshots(
    region: Region, unread: int
) -> None:
    """The package still has its version, which another finding shows."""
    others = {**OTHERS, ("i-1", "CVE-5"): Seen("arn-5", "tls")}
    region.read(Reading({THING: Seen("arn-1", "tls"), **others}, SCANNED))
    for _ in range(unread):
        assert region.read(UNREAD) == []
    assert resolved(region.read(Reading(others, SCANNED))) == {
        THING: ("unknown", "arn-1", "CVE-1 - tls")
    }


def test_a_new_version_after_an_unread_snapshot_is_patched(region: Region) -> None:
    many = {("i-1", f"CVE-{number}"): Seen(f"arn-{number}", "tls") for number in range(9)}
    region.read(Reading({**many, ("i-1", "CVE-9"): Seen("arn-9", "tls")}, SCANNED))
    region.read(UNREAD)
    events = region.read(Reading({("i-1", "CVE-9"): Seen("arn-9", "tls", "2")}, SCANNED))
    assert {cause for cause, _, _ in resolved(events).values()} == {"patched"}


def test_states_carry_what_was_known_only_of_findings_in_unread_cells(region: Region) -> None:
    columns = ("finding_arn", "vulnerability_id", "title", "packages", "evidence")
    region.read(Reading({THING: Seen("arn-1")}, SCANNED))
    assert [row[name] for row in region.states for name in columns] == [None] * 5
    region.read(Reading(closed={THING: ["arn-1"]}, state="denied"))
    assert [[row[name] for name in columns] for row in region.states] == [
        ["arn-1", "CVE-1", "CVE-1 - tls", '[{"name":"tls","version":"1","path":null}]', "closed"]
    ]
    region.read(Reading({THING: Seen("arn-1")}, SCANNED))
    assert [row[name] for row in region.states for name in columns] == [None] * 5


@pytest.mark.parametrize(("arn", "cause"), [("arn-0", "unknown"), ("arn-1", "patched")])
@pytest.mark.parametrize("unread", [0, 1])
def test_only_closing_the_finding_itself_counts_not_its_predecessor(
    region: Region, arn: str, cause: str, unread: int
) -> None:
    region.read(Reading({THING: Seen("arn-1")}, SCANNED))
    for _ in range(unread):
        region.read(UNREAD)
    assert resolved(region.read(Reading({}, SCANNED, closed={THING: [arn]}))) == {
        THING: (cause, "arn-1", "CVE-1 - tls")
    }


def test_a_closing_seen_while_the_cell_was_unread_still_counts(region: Region) -> None:
    region.read(Reading({THING: Seen("arn-1")}, SCANNED))
    region.read(Reading(closed={THING: ["arn-1"]}, state="denied"))
    region.read(UNREAD)
    assert resolved(region.read(Reading({}, SCANNED)))[THING][0] == "patched"


@pytest.mark.parametrize("many", [1, 9])
def test_all_findings_of_a_host_gone_without_a_reason_are_unknown(
    region: Region, many: int
) -> None:
    every = {("i-1", f"CVE-{number}"): Seen(f"arn-{number}") for number in range(many)}
    rest = {("i-2", f"CVE-{number}"): Seen(f"other-{number}", "shell") for number in range(99)}
    region.read(Reading({**every, **rest}, SCANNED))
    gone = resolved(region.read(Reading(rest, SCANNED)))
    assert Counter(cause for cause, _, _ in gone.values()) == {"unknown": many}


@pytest.mark.parametrize(
    ("covered", "closed", "cause"),
    [
        ({}, [], "unknown"),
        ({}, ["arn-1"], "terminated"),
        ({"i-1": "terminated"}, [], "terminated"),
        ({"i-2": "active"}, [], "terminated"),
    ],
    ids=["nothing", "closed", "terminated", "others"],
)
def test_the_only_resource_of_a_cell_is_terminated_only_with_evidence(
    region: Region, covered: Mapping[str, str], closed: Sequence[str], cause: str
) -> None:
    region.read(Reading({THING: Seen("arn-1")}, {"i-1": "active"}))
    events = region.read(Reading({}, covered, closed={THING: closed}))
    assert resolved(events)[THING][0] == cause


def test_a_termination_seen_while_the_cell_was_unread_still_counts(region: Region) -> None:
    region.read(Reading({THING: Seen("arn-1")}, {"i-1": "active"}))
    region.read(Reading({}, {"i-1": "terminated"}, state="denied"))
    assert resolved(region.read(Reading()))[THING][0] == "terminated"


@pytest.mark.parametrize("unread", [0, 2])
def test_a_scan_type_that_was_off_opens_as_onboarding_after_unread_snapshots(
    region: Region, unread: int
) -> None:
    region.read(Reading({THING: Seen("arn-1")}, SCANNED))
    region.read(Reading(state=OFF))
    for _ in range(unread):
        region.read(UNREAD)
    new = {("i-2", "CVE-7"): Seen("arn-7")}
    assert [one["cause"] for one in region.read(Reading(new, SCANNED))] == ["onboarding"]
    later = region.read(Reading({**new, ("i-2", "CVE-8"): Seen("arn-8")}, SCANNED))
    assert [one["cause"] for one in later] == ["new"]
