"""A resource has one owner per snapshot in all rows, whatever tags its data has.

Its owner never sees it as clean.
"""

from __future__ import annotations

import functools
import itertools
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.engine import aggregates
from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.access import ALL, EVERYTHING, Access
from sre_findings.model.resources.owners import OwnerRule, Owners
from sre_findings.model.snapshots.rollup import KINDS
from sre_findings.queries import ask
from sre_findings.questions.catalogue import BY, CACHED, LIVE, Summary, Vulnerabilities
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records import rollups
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.scan import Request, scan
from sre_simulator.fleet.cell import RecordedCell
from sre_simulator.fleet.finding import RecordedRow
from sre_simulator.fleet.organization import Fleet, enabled
from sre_simulator.inspector.server import Simulator

Wire = dict[str, Any]
REGION, KIND = "eu-west-1", "AWS_EC2_INSTANCE"
HERE, THERE = "111122223333", "444455556666"
RESOURCES = {
    f"i-{name:0>17}": account
    for name, account in (("a", HERE), ("b", HERE), ("c", HERE), ("d", THERE))
}
FIRST = datetime(2026, 11, 20, 1, tzinfo=UTC)
OWNERS = Owners(rules=(OwnerRule("cat", ("*c", "web-*")), OwnerRule("dan", (), (THERE,))))
TABLES = ("findings", "coverage", "resources", "ages", "states", "events")

TAGS = st.sampled_from(
    [
        None,
        {},
        {"team": "ann"},
        {"team": "bob"},
        {"team": ""},
        {"Name": "web-1"},
        {"Name": "db-1", "team": "bob"},
    ]
)
FINDING = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(sorted(RESOURCES)), TAGS),
        min_size=1,
        max_size=2,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from(["ACTIVE", "ACTIVE", "SUPPRESSED"]),
    st.sampled_from([None, 1.7e9, 1.7e9 + 1]),
)
SCANS = st.dictionaries(
    st.sampled_from(["NETWORK", "CODE"]), st.tuples(TAGS, st.integers(1, 3)), max_size=1
)
NIGHT = st.tuples(
    st.dictionaries(st.integers(0, 9), FINDING, max_size=6),
    st.dictionaries(st.sampled_from(sorted(RESOURCES)), st.tuples(TAGS, st.integers(1, 3), SCANS)),
)
ACCESSES = st.builds(
    Access,
    st.sampled_from([frozenset({ALL}), frozenset({HERE})]),
    st.sets(st.sampled_from(["ann", "bob", "cat", "dan"]), min_size=1, max_size=2).map(frozenset),
)


def found(
    number: int, resources: Sequence[tuple[str, Wire | None]], status: str, updated: float | None
) -> Wire:
    account = RESOURCES[resources[0][0]]
    some = [
        {"id": one, "type": KIND, "region": REGION, "partition": "aws"}
        | ({} if tags is None else {"tags": tags})
        for one, tags in resources
        if RESOURCES[one] == account
    ]
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{account}:finding/{number:032x}",
        "awsAccountId": account,
        "type": "PACKAGE_VULNERABILITY",
        "severity": "HIGH",
        "status": status,
        "title": f"CVE-{number}",
        "description": "x",
        "firstObservedAt": 1.6e9,
        "lastObservedAt": 1.7e9,
        "resources": some,
        "packageVulnerabilityDetails": {
            "vulnerabilityId": f"CVE-{number}",
            "vulnerablePackages": [],
        },
    } | ({} if updated is None else {"updatedAt": updated})


def covered(one: str, scan_type: str, tags: Wire | None, scanned_at: float) -> Wire:
    return {
        "resourceType": KIND,
        "resourceId": one,
        "accountId": RESOURCES[one],
        "scanType": scan_type,
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": scanned_at,
        "resourceMetadata": {
            "ec2": {"platform": "LINUX"} | ({} if tags is None else {"tags": tags})
        },
    }


@dataclass
class Night:
    """Inspector's data of an organization at one time."""

    at: datetime
    findings: list[Wire]
    coverage: list[Wire]

    def owner(self, one: str) -> str | None:
        """The owner of a resource, by a second implementation of the rule."""
        looks = [
            (row["lastScannedAt"], row["resourceMetadata"]["ec2"].get("tags"))
            for row in self.coverage
            if row["resourceId"] == one
        ]
        told = [
            (wire.get("updatedAt", 0.0), each.get("tags"))
            for wire in self.findings
            for each in wire["resources"]
            if each["id"] == one
        ]
        chosen, names = [], []
        for some in (looks, told):
            tagged = [
                (-at, tags.get("team", ""), tags.get("Name", ""), tags) for at, tags in some if tags
            ]
            if tagged:
                chosen.append(min(tagged, key=lambda each: each[:3])[3])
                names.append(chosen[-1].get("Name"))
        if chosen and chosen[0].get("team"):
            return str(chosen[0]["team"])
        name = next((name for name in names if name), "")
        if one.endswith("c") or name.startswith("web-"):
            return "cat"
        return "dan" if RESOURCES[one] == THERE else None

    def hit(self) -> set[str]:
        """The resources with findings."""
        return {each["id"] for wire in self.findings for each in wire["resources"]}

    def known(self) -> set[str]:
        """All resources."""
        return self.hit() | {row["resourceId"] for row in self.coverage}

    def fleet(self) -> Fleet:
        """The fleet for the simulator."""
        cells = {
            (REGION, account): RecordedCell(
                account,
                REGION,
                [RecordedRow(wire) for wire in self.findings if wire["awsAccountId"] == account],
                [row for row in self.coverage if row["accountId"] == account],
            )
            for account in (HERE, THERE)
        }
        return Fleet(
            (HERE, THERE), (REGION,), HERE, (self.at,), cells, {HERE: enabled(), THERE: enabled()}
        )


def night(number: int, drawn: Any) -> Night:
    at = FIRST + timedelta(days=number)
    rows = [
        covered(one, scan_type, of, at.timestamp() - 600 * hours)
        for one, (tags, ago, more) in drawn[1].items()
        for scan_type, (of, hours) in {"PACKAGE": (tags, ago), **more}.items()
    ]
    return Night(at, [found(number, *one) for number, one in drawn[0].items()], rows)


@dataclass
class Estate:
    """A store of the snapshots so far, and each resource's last owner."""

    folder: Path
    last: dict[str, str | None] = field(default_factory=dict)

    @property
    def snapshots(self) -> SnapshotWriter:
        return SnapshotWriter(FolderBlobs(self.folder / "store"))

    @property
    def table(self) -> SqliteTable:
        return SqliteTable(self.folder / "table.db")

    def live_through(self, one: Night) -> Commit:
        wanted = Request((REGION,), rate=5000.0, deadline=5.0, owners=OWNERS)
        commit = scan(wanted, self.snapshots, self.table, now=lambda: one.at)
        self.last |= {name: one.owner(name) for name in one.known()}
        return commit

    def rows(self, commit: Commit, name: str) -> list[Wire]:
        parts = [
            part
            for part in self.snapshots.manifest(commit).parts
            if part.key.startswith(f"{name}/")
        ]
        return [
            row
            for part in parts
            for row in pq.ParquetFile(self.snapshots.part(commit, part, self.folder))
            .read()
            .to_pylist()
        ]

    def sources(self, one: Night) -> Sources:
        inspector = functools.cache(
            lambda region: Inspector(connect(region), RateLimit(5000), Patience(deadline=20))
        )
        asked = live(inspector, lambda: [REGION], lambda: one.at, OWNERS)
        return make_sources(self.snapshots, self.table, self.folder, one.at, live=asked)


@contextmanager
def served(one: Night) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, Simulator(one.fleet()) as simulator:
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        yield


@settings(max_examples=max(1, settings().max_examples // 25))
@given(st.lists(NIGHT, min_size=2, max_size=3), ACCESSES)
def test_all_rows_of_a_resource_have_one_owner_who_never_sees_it_as_clean(
    drawn: list[Any], access: Access
) -> None:
    with tempfile.TemporaryDirectory() as name:
        estate = Estate(Path(name))
        for number, one in enumerate(drawn):
            tonight = night(number, one)
            with served(tonight):
                commit = estate.live_through(tonight)
                check_rows(estate, tonight, commit)
                check_sums(estate, tonight, commit)
                check_answers(estate, tonight, access)


def check_rows(estate: Estate, tonight: Night, commit: Commit) -> None:
    """Checks the owner in every row of every table.

    It is the current owner, or the last known one of a missing resource. Original data are
    unchanged.
    """
    named: dict[str, set[str | None]] = defaultdict(set)
    for table in TABLES:
        for row in estate.rows(commit, table):
            named[row["resource_id"]].add(row["owner"])
            assert row["account_id"] == RESOURCES[row["resource_id"]]
    assert named == {one: {estate.last[one]} for one in named}
    assert named.keys() >= tonight.known()
    sent = {
        row["finding_arn"]: json.loads(row["resources"]) for row in estate.rows(commit, "findings")
    }
    assert sent == {wire["findingArn"]: wire["resources"] for wire in tonight.findings}


def check_sums(estate: Estate, tonight: Night, commit: Commit) -> None:
    """Checks that the counts of owners add up to the total, in the table and in Parquet."""
    counted = aggregates.rollups(estate.sources(tonight).open([commit]))
    for kind in set(KINDS) - {"organization", "resource"}:
        kept = [rollup for _, rollup in rollups.read_kind(estate.table, commit, kind)]
        parts = [rollup for scope, rollup in counted.items() if scope.kind == kind]
        for some in (kept, parts):
            total = sum((one.counts.total for one in some), 0), sum(one.suppressed for one in some)
            assert total == (
                sum(wire["status"] == "ACTIVE" for wire in tonight.findings),
                sum(wire["status"] == "SUPPRESSED" for wire in tonight.findings),
            ), kind


def check_answers(estate: Estate, tonight: Night, access: Access) -> None:
    """Checks that a client sees all or nothing of a resource, live and from the snapshot."""
    mine = {one for one in tonight.known() if access.allows(RESOURCES[one], tonight.owner(one))}
    hit = mine & tonight.hit()
    seen = estate.sources(tonight).seen_by(access)
    for by in (None, *BY):
        told = ask(Summary(by), seen)
        if hit:
            assert told.verdict.verdict == "vulnerable", by
        else:
            assert told.verdict.verdict == ("clean" if mine else "unknown"), by
            assert not any(group.rollup.resources for group in told.groups), by
    for one, source in itertools.product(sorted(RESOURCES), (CACHED, LIVE)):
        answer = ask(Vulnerabilities(one, source=source), seen)
        if one not in mine:
            assert answer.verdict.reason == "no_such_resource"
            continue
        assert answer.verdict.verdict == ("vulnerable" if one in hit else "clean")
        assert len(answer.coverage) == sum(row["resourceId"] == one for row in tonight.coverage)
        assert {each.owner for each in answer.findings} <= {tonight.owner(one)}
    everything = estate.sources(tonight).seen_by(EVERYTHING)
    for owner in access.owners & {tonight.owner(one) for one in tonight.known()}:
        theirs = {one for one in tonight.hit() if tonight.owner(one) == owner}
        assert (
            ask(Summary(owners=(str(owner),)), everything).verdict.verdict == "vulnerable"
        ) == bool(theirs)
