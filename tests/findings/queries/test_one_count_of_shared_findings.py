"""A finding of several resources counts once in each scope, the same for every kind of caller.

Random findings are compared with a model that counts the findings with a resource in the scope.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.model.snapshots.rollup import Scope
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    Exposure,
    FindingList,
    Priorities,
    Sla,
    Summary,
)
from sre_findings.questions.filters import Filters
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.rollups import read
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.commit import roll_up

ACCOUNT, REGION = "111122223333", "eu-west-1"
TYPES = {
    "i-a": "AWS_EC2_INSTANCE",
    "i-b": "AWS_EC2_INSTANCE",
    "i-c": "AWS_EC2_INSTANCE",
    "f-d": "AWS_LAMBDA_FUNCTION",
}
OWNERS = {"i-a": "ann", "i-b": "bob", "i-c": "bob", "f-d": "cat"}
STATUSES = ("ACTIVE", "ACTIVE", "SUPPRESSED")
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM")
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


class Finding(NamedTuple):
    """A finding of some resources, in order."""

    resources: tuple[str, ...]
    severity: int
    status: str
    fixable: bool
    day: int

    @property
    def open(self) -> bool:
        return self.status == "ACTIVE"

    def of(self, owners: tuple[str, ...]) -> bool:
        """Whether one of its resources has one of these owners; no owner means any."""
        return not owners or any(OWNERS[one] in owners for one in self.resources)

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = dict.fromkeys(COUNTS, 0)
        if self.open:
            found[COUNTS[self.severity]] += 1
            found["fixable"] += self.fixable
        else:
            found["suppressed"] += 1
        return found


FINDINGS = st.lists(
    st.builds(
        Finding,
        st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=3, unique=True).map(tuple),
        st.integers(0, 2),
        st.sampled_from(STATUSES),
        st.booleans(),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=6,
)
SOME_OWNERS = st.sampled_from([("ann",), ("bob",), ("cat",), ("ann", "bob"), ("bob", "cat")])
OTHER_FILTERS = st.sampled_from([(), ("AWS_EC2_INSTANCE",), ("AWS_LAMBDA_FUNCTION",)])


def place(one: str) -> dict[str, Any]:
    return {
        "account_id": ACCOUNT,
        "region": REGION,
        "resource_type": TYPES[one],
        "resource_id": one,
        "owner": OWNERS[one],
    }


def rows_of(findings: list[Finding]) -> dict[str, list[dict[str, Any]]]:
    """The rows of a scan, by table."""
    tables: dict[str, list[dict[str, Any]]] = {"findings": [], "resources": [], "ages": []}
    states: list[dict[str, Any]] = []
    sums: dict[tuple[str, str], dict[str, int]]
    sums = {(one, part): dict.fromkeys(COUNTS, 0) for one in TYPES for part in ("own", "first")}
    ages: dict[tuple[str, int, int], list[int]] = {}
    for number, finding in enumerate(findings):
        for index, one in enumerate(finding.resources):
            subject = f"CVE-{number}"
            tables["findings"].append(
                {
                    **place(one),
                    "finding_arn": f"arn:{number}",
                    "resource_index": index,
                    "severity": SEVERITIES[finding.severity],
                    "severity_rank": finding.severity,
                    "status": finding.status,
                    "type": "PACKAGE_VULNERABILITY",
                    "vulnerability_id": subject,
                    "subject": subject,
                    "title": subject,
                    "details_id": 1,
                    "fix_available": "YES" if finding.fixable else "NO",
                    "resources": json.dumps(finding.resources),
                }
            )
            for part in ("own", "first")[: 1 if index else 2]:
                for name, count in finding.counts().items():
                    sums[one, part][name] += count
            if finding.open:
                states.append(
                    {
                        **place(one),
                        "type": "PACKAGE_VULNERABILITY",
                        "subject": subject,
                        "status": "open",
                        "severity_rank": finding.severity,
                        "exposed_since": datetime(2026, 10, finding.day, tzinfo=UTC),
                    }
                )
                counted = ages.setdefault((one, finding.severity, finding.day), [0, 0])
                counted[0] += 1
                counted[1] += not index
    tables["findings"].sort(key=lambda row: (row["resource_id"], row["severity_rank"]))
    for one in sorted({one for finding in findings for one in finding.resources}):
        first = {f"shared_{name}": count for name, count in sums[one, "first"].items()}
        row = {"public": False, "exposure_group": one, "closed": 0, "platform": None}
        tables["resources"].append({**place(one), **row, **sums[one, "own"], **first})
    for (one, rank, day), (own, shared) in sorted(ages.items()):
        opened = {"severity_rank": rank, "opened_on": date(2026, 10, day)}
        tables["ages"].append(
            {**place(one), **opened, "findings": own, "shared": shared, "unchecked": 0}
        )
    return {**tables, "states": states, "details": [{"region": REGION, "details_id": 1}]}


@contextmanager
def scanned(findings: list[Finding], write: Callable[..., Any]) -> Iterator[Sources]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshots = SnapshotWriter(FolderBlobs(folder / "store"))
        night = write(snapshots, 1, **rows_of(findings))
        table = SqliteTable(folder / "table")
        roll_up(snapshots, table)
        yield make_sources(snapshots, table, folder, night.ended_at)


def limited(sources: Sources, owners: tuple[str, ...]) -> Sources:
    return sources.seen_by(Access(frozenset({ALL}), frozenset(owners)))


def numbers(counts: Any) -> dict[str, int]:
    return {name: getattr(counts, name) for name in COUNTS[:7]}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FINDINGS, SOME_OWNERS, OTHER_FILTERS)
@example([Finding(("i-a", "i-b"), 1, "ACTIVE", fixable=True, day=1)], ("ann", "bob"), ())
def test_a_caller_limited_to_owners_and_a_filter_see_the_model(
    write_night: Callable[..., Any],
    findings: list[Finding],
    owners: tuple[str, ...],
    types: tuple[str, ...],
) -> None:
    known = {OWNERS[one] for finding in findings for one in finding.resources}
    owners = tuple(one for one in owners if one in known)
    if not owners:
        return
    mine = [one for one in findings if one.of(owners)]
    still_open = [one for one in mine if one.open]
    severities = {name: sum(one.severity == rank for one in still_open)
                  for rank, name in enumerate(COUNTS[:3])}  # fmt: skip
    with scanned(findings, write_night) as sources:
        for seen, by in ((limited(sources, owners), ()), (sources, owners)):
            filters = Filters(owners=by)
            answer = ask(Summary(owners=by), seen)
            assert {n: c for n, c in numbers(answer.rollup.counts).items() if c} == {
                n: c for n, c in severities.items() if c
            }
            assert answer.rollup.suppressed == len(mine) - len(still_open)
            assert answer.rollup.fixable == sum(one.fixable for one in still_open)
            assert (answer.verdict.verdict == "vulnerable") == bool(mine)
            for group in ask(Summary("vulnerability", owners=by, count=0), seen).groups:
                assert group.rollup.counts.total == 1
            facts = ask(Sla("owner", owners=by), seen).facts
            due = facts["late"] + facts["due_this_week"] + facts["later"] + facts["no_deadline"]
            assert due == len(still_open)
            assert ask(Priorities(filters=filters, count=0), seen).total == len(still_open)
            for number, finding in enumerate(findings):
                where = ask(Exposure(f"CVE-{number}", filters=filters), seen)
                assert where.total == finding.of(owners)
                assert all(one["owner"] in owners for one in where.items)
            of_type = [
                one
                for one in mine
                if not types
                or any(OWNERS[r] in owners and TYPES[r] in types for r in one.resources)
            ]
            asked = FindingList(filters=filters, types=types, statuses=(), count=0)
            items = ask(asked, seen).items
            assert len(items) == len({one["finding_arn"] for one in items}) == len(of_type)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(FINDINGS)
def test_rollups_of_every_owner_and_type_are_those_of_the_model(
    write_night: Callable[..., Any], findings: list[Finding]
) -> None:
    still_open = [one for one in findings if one.open]
    with scanned(findings, write_night) as sources:
        for by, names in (("owner", OWNERS), ("type", TYPES)):
            wanted = {
                name: sum(any(names[one] == name for one in f.resources) for f in still_open)
                for name in names.values()
            }
            groups = {
                one.value: one.rollup.counts.total for one in ask(Summary(by), sources).groups
            }
            assert {name: n for name, n in groups.items() if n} == {
                name: n for name, n in wanted.items() if n
            }
            late = {
                str(dict(one)[by]): one["late"]
                + one["due_this_week"]
                + one["later"]
                + one["no_deadline"]
                for one in ask(Sla(by), sources).items
            }
            assert late == {name: n for name, n in wanted.items() if n}
        assert ask(Summary(), sources).rollup.counts.total == len(still_open)


@pytest.mark.parametrize("owner", ["ann", "bob"])
def test_a_gate_of_the_second_owner_finds_what_the_first_has(
    write_night: Callable[..., Any], owner: str
) -> None:
    shared = Finding(("i-a", "i-b"), 1, "ACTIVE", fixable=True, day=1)
    owned = Scope("owner", owner)
    with scanned([shared], write_night) as sources:
        answer = ask(Summary(owners=(owner,)), sources)
        assert answer.rollup.counts.high == 1
        assert answer.verdict.explanation == "Inspector reports open findings"
        stored = read(sources.stores.table, sources.stores.snapshots.commits()[-1], owned)
        assert stored.counts.high == 1, "the trend shows the stored counts"
