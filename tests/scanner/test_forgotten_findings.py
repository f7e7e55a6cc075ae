"""A finding that a listing forgets is found, or doubted: never missing in a complete snapshot."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import NOW
from tests.support.forgetful_inspector import (
    ADMIN,
    MEMBER,
    REGION,
    Change,
    ForgetfulInspector,
    arn_of,
    host_of,
)
from tests.support.sources import make_sources

import sre_scanner.scan
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.model.resources.owners import Owners
from sre_findings.model.snapshots.certificate import Certificate
from sre_findings.model.snapshots.completeness import judge
from sre_findings.model.snapshots.scan_plan import Plan, Shard
from sre_findings.model.snapshots.shard_facts import ShardFacts
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Vulnerabilities
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.progress import Silence
from sre_scanner.scan import Request, scan
from sre_scanner.shard import earlier_listings
from sre_scanner.shard.context import ScanContext
from sre_scanner.shard.earlier_listings import EarlierListing
from sre_scanner.shard.reader import read_shard

DAY = timedelta(days=1)
COUNTS, BY_ARN = "ListFindingAggregations", "by_arn"


class Store:
    """A store in a folder, for scans of a stand-in for Inspector."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.snapshots = SnapshotWriter(FolderBlobs(folder / "store"))
        self.table = SqliteTable(folder / "store" / "table.db")

    def scan(self, inspector: ForgetfulInspector) -> Commit:
        wanted = Request((REGION,), rate=1e9, deadline=0.0)
        with mock.patch.object(sre_scanner.scan, "connect", inspector.connect):
            return scan(wanted, self.snapshots, self.table, now=inspector.now)

    def facts(self, commit: Commit) -> Any:
        return self.snapshots.manifest(commit).shards[0]

    def warnings(self, commit: Commit) -> Sequence[str]:
        return self.snapshots.manifest(commit).certificate.warnings

    def arns(self, commit: Commit) -> set[str]:
        parts = [part for part in self.facts(commit).parts if part.key.startswith("findings/")]
        paths = [self.snapshots.part(commit, part, self.folder) for part in parts]
        return {arn for path in paths for arn in pq.read_table(path)["finding_arn"].to_pylist()}

    def verdict(self, commit: Commit, host: str) -> str:
        sources = make_sources(self.snapshots, self.table, self.folder, commit.ended_at)
        return str(ask(Vulnerabilities(host), sources).verdict.verdict)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def first(count: int = 9, **changes: Any) -> ForgetfulInspector:
    severities = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
    return ForgetfulInspector(NOW, {n: severities[n % 4] for n in range(count)}, **changes)


def test_a_forgotten_finding_of_the_previous_snapshot_is_requested_by_arn(store: Store) -> None:
    before = first()
    store.scan(before)
    again = before.next_scan(NOW + DAY, forgets={4})
    commit = store.scan(again)
    assert (commit.state, store.arns(commit)) == ("complete", {arn_of(n) for n in range(9)})
    recheck = store.facts(commit).recheck
    assert (recheck.absent, recheck.unasked, recheck.listing.items) == (1, 0, 1)
    assert store.warnings(commit) == (
        f"{REGION}: the listing lacked 1 active finding, requested by ARN",
    )
    assert store.verdict(commit, host_of(4)) == "vulnerable"


@pytest.mark.parametrize("why", ["closed", "gone", "terminated", "stopped"])
def test_a_finding_that_ended_is_not_missing(store: Store, why: str) -> None:
    before = first()
    store.scan(before)
    after = before.next_scan(NOW + DAY)
    if why == "closed":
        after.clock -= DAY / 2
        after.alter(4, status="CLOSED")
        after.clock += DAY / 2
    elif why == "stopped":
        del after.findings[arn_of(4)]
        after.unscanned.add(host_of(4))
    else:
        for number in (3, 4, 5) if why == "terminated" else (4,):
            del after.findings[arn_of(number)]
    commit = store.scan(after)
    asked = [one for one in after.asked if "findingArn" in one.get("filterCriteria", {})]
    assert (commit.state, len(asked)) == ("complete", 1 if why == "gone" else 0)
    assert arn_of(4) not in store.arns(commit)


@pytest.mark.parametrize("denied", [set(), {COUNTS}])
def test_without_an_answer_about_a_missing_finding_the_region_is_in_doubt(
    store: Store, denied: set[str]
) -> None:
    before = first()
    store.scan(before)
    again = before.next_scan(NOW + DAY, forgets={4}, denied={BY_ARN, *denied})
    again.changes[1] = [lambda one: one.alter(0)]  # the drift used to excuse finding 4
    commit = store.scan(again)
    assert commit.state == "partial"
    assert "absent_unchecked" in {one.kind for one in commit.causes}
    assert {gap[4] for gap in commit.gaps} == {"incomplete"}
    assert store.verdict(commit, host_of(4)) != "clean"


@pytest.mark.parametrize(("denied", "state"), [(set(), "complete"), ({COUNTS}, "partial")])
def test_too_many_missing_findings_are_a_doubt_unless_the_counts_agree(
    store: Store, monkeypatch: pytest.MonkeyPatch, denied: set[str], state: str
) -> None:
    monkeypatch.setattr(earlier_listings, "MOST_ASKED", 2)
    before = first()
    store.scan(before)
    after = before.next_scan(NOW + DAY, denied=denied)
    for number in (0, 3, 6):  # gone without CLOSED; their hosts are still scanned
        del after.findings[arn_of(number)]
    commit = store.scan(after)
    assert (commit.state, store.facts(commit).recheck.unasked) == (state, 1)


def test_a_listing_in_doubt_is_not_what_the_next_one_is_compared_with(store: Store) -> None:
    before = first()
    store.scan(before)
    doubtful = before.next_scan(NOW + DAY, forgets={4}, denied={BY_ARN})
    assert store.scan(doubtful).state == "partial"
    commit = store.scan(before.next_scan(NOW + 2 * DAY, forgets={4}, denied={COUNTS}))
    assert (commit.state, arn_of(4) in store.arns(commit)) == ("complete", True)


def test_without_counts_the_certificate_names_what_it_was_compared_with(store: Store) -> None:
    before = first(denied={COUNTS})
    commit = store.scan(before)
    assert (commit.state, commit.claim) == ("complete", "for all visible accounts, not reconciled")
    assert any("nor with an earlier snapshot" in one for one in store.warnings(commit))
    later = store.scan(before.next_scan(NOW + DAY, denied={COUNTS}))
    assert (later.state, later.claim) == ("complete", "for all visible accounts")
    only = f"only with the findings of {commit.snapshot_id}"
    assert any(only in one for one in store.warnings(later))


# Random scans of one region, without the history.


def change(kind: str, number: int) -> Change:
    """What happens to a finding."""
    return {
        "open": lambda one: one.open(100 + number, "HIGH"),
        "close": lambda one: one.alter(number, status="CLOSED"),
        "reopen": lambda one: one.alter(200 + number, status="ACTIVE"),
        "touch": lambda one: one.alter(number),
        "worsen": lambda one: one.alter(number, severity="CRITICAL"),
        "suppress": lambda one: one.alter(number, status="SUPPRESSED"),
    }[kind]


KINDS = ("open", "close", "reopen", "touch", "worsen", "suppress")
NUMBERS = st.integers(0, 8)


@dataclass(frozen=True)
class Course:
    """What happens to a listing of nine findings and three closed ones."""

    forgets: frozenset[int]
    changes: tuple[tuple[int, str, int], ...]  # page, kind, finding
    denied: frozenset[str]
    known: bool  # whether an earlier snapshot has the findings

    def altered(self) -> set[int]:
        return {number for _, kind, number in self.changes if kind in ("close", "suppress")}


def courses(
    forgets: st.SearchStrategy[frozenset[int]], denied: st.SearchStrategy[frozenset[str]]
) -> st.SearchStrategy[Course]:
    happens = st.tuples(st.integers(1, 3), st.sampled_from(KINDS), NUMBERS)
    changes = st.lists(happens, max_size=5).map(tuple)
    return st.builds(Course, forgets, changes, denied, st.booleans())


def read(
    inspector: ForgetfulInspector, folder: Path, earlier: ShardFacts | None = None
) -> tuple[ShardFacts, Certificate, set[str]]:
    """Reads the region; returns what was recorded, the certificate, and the ARNs stored."""
    started = inspector.now()
    snapshots = SnapshotWriter(FolderBlobs(folder))
    shard = Shard(REGION, REGION)
    plan = Plan(
        snapshots.new_id(started),
        1,
        started.isoformat(),
        (),
        (shard,),
        closed_since=(started - DAY).isoformat() if earlier else "",
    )
    known = {REGION: EarlierListing(commit_of(started - DAY), earlier.parts)} if earlier else {}
    known = {
        region: replace(one, parts=[part for part in one.parts if part.key.startswith("findings/")])
        for region, one in known.items()
    }
    context = ScanContext(
        plan, snapshots, Owners(), Silence(), threading.Event(), inspector.now, known
    )
    client = Inspector(inspector.connect(REGION), RateLimit(1e9), Patience(deadline=0.0))
    facts = read_shard(context, shard, client)
    paths = [
        snapshots.fetch(plan.snapshot_id, part, folder)
        for part in facts.parts
        if part.key.startswith("findings/")
    ]
    arns = {arn for path in paths for arn in pq.read_table(path)["finding_arn"].to_pylist()}
    return facts, judge(plan, [facts]), arns


def commit_of(started: datetime) -> Commit:
    name = started.strftime("%Y%m%dT%H%M%SZ")
    return Commit(1, name, started, started, "", "complete", "", (), {}, ())


def played(course: Course) -> tuple[Certificate, set[str]]:
    """Plays a course; returns the certificate and the ARNs stored."""
    before = first()
    for number in range(200, 203):
        before.open(number)
        before.findings[arn_of(number)] |= {"firstObservedAt": 1.7e9, "status": "CLOSED"}
    with TemporaryDirectory() as name:
        earlier = read(before, Path(name))[0] if course.known else None
        again = before.next_scan(NOW + DAY, forgets=set(course.forgets), denied=set(course.denied))
        for page, kind, number in course.changes:
            again.changes.setdefault(page, []).append(change(kind, number))
        _, certificate, arns = read(again, Path(name), earlier)
    return certificate, arns


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page", [1, 3])
def test_a_change_of_another_finding_excuses_none_that_is_missing(kind: str, page: int) -> None:
    changes = ((page, kind, 5),)  # of the same host; "open" and "reopen" are of others
    course = Course(frozenset({4}), changes, frozenset(), known=False)
    certificate, arns = played(course)
    assert arn_of(4) not in arns
    assert [one.kind for one in certificate.causes][:1] == ["fewer_than_counted"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_count_alone_is_enough_to_miss_a_finding(tmp_path: Path, when: str) -> None:
    """One finding of the same account is opened or closed before or after it is listed."""
    if when == "before":
        denied, changes = (
            set[str](),
            [
                lambda one: one.open(105),
                lambda one: one.denied.add(COUNTS),
            ],
        )
    else:
        denied, changes = (
            {COUNTS},
            [
                lambda one: one.alter(5, status="CLOSED"),
                lambda one: one.denied.clear(),
            ],
        )
    one = first(forgets={4}, denied=denied, changes={1: changes})
    one.findings[arn_of(5)]["severity"] = "CRITICAL"  # like that of finding 4
    facts, certificate, arns = read(one, tmp_path)
    assert len(facts.aggregated) == 1
    assert (arn_of(105) in arns) == (when == "before")
    assert [cause.kind for cause in certificate.causes][:1] == ["fewer_than_counted"]


def test_counts_that_agree_in_sum_only_do_not_agree(tmp_path: Path) -> None:
    one = first(forgets={3}, lag={ADMIN: -1})  # finding 3 is of the other account, and LOW
    facts, certificate, _ = read(one, tmp_path)
    assert facts.aggregated[0]["all"] == facts.known[0]["all"] == 8
    reason = certificate.causes[0]
    assert (reason.kind, reason.account) == ("fewer_than_counted", "")
    assert reason.detail.startswith(f"account {MEMBER}")


def test_a_quiet_listing_takes_no_request_more_than_its_counts(tmp_path: Path) -> None:
    quiet = first()
    last = max(range(9), key=arn_of)
    moving = first(changes={1: [lambda one: one.alter(last)]})
    for one, folder in ((quiet, "quiet"), (moving, "moving")):
        assert read(one, tmp_path / folder)[1].state == "complete"
    # two more listings, and the counts of one resource type
    assert len(moving.asked) == len(quiet.asked) + 3


FORGETS = st.frozensets(NUMBERS, max_size=3)


@given(courses(FORGETS, st.sampled_from([frozenset(), frozenset({BY_ARN})])))
@settings(max_examples=settings().max_examples // 2)
def test_what_is_forgotten_is_never_missing_in_a_complete_snapshot(course: Course) -> None:
    certificate, arns = played(course)
    always = {arn_of(number) for number in range(9) if number not in course.altered()}
    assert certificate.state == "partial" or always <= arns


@given(courses(FORGETS, st.just(frozenset({COUNTS}))))
@settings(max_examples=settings().max_examples // 4)
def test_without_counts_nothing_that_was_known_before_is_missing(course: Course) -> None:
    certificate, arns = played(course)
    always = {arn_of(number) for number in range(9) if number not in course.altered()}
    assert certificate.state == "complete"
    assert always <= arns or certificate.claim.endswith(", not reconciled")
    assert course.known != certificate.claim.endswith(", not reconciled")


@given(courses(st.just(frozenset()), st.just(frozenset())))
@settings(max_examples=settings().max_examples // 2)
def test_changes_while_nothing_is_forgotten_are_no_doubt(course: Course) -> None:
    certificate, _ = played(course)
    assert certificate.reasons == ()
