"""The data of a report: every number equals the other queries' answer, and all rows count."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.simulated_inspector import scan_nights, simulated_inspector
from tests.support.sources import folder_sources, make_sources, with_table

from sre_findings.engine.duckdb import DuckDB
from sre_findings.model.access import ALL, Access
from sre_findings.model.errors import StoreUnreadable, UsageError
from sre_findings.model.findings.open_finding import OpenFinding
from sre_findings.model.findings.severity import rank
from sre_findings.model.sla.ages import Bucket, bucketed, lateness
from sre_findings.model.snapshots.rollup import Counts
from sre_findings.nightly.report import FIRST, NIGHTS, WORST, Material, gather
from sre_findings.nightly.report_findings import DESCRIBED
from sre_findings.nightly.risks import RISKS
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    Changes,
    CoverageGaps,
    FindingList,
    Fixes,
    Priorities,
    Sla,
    Summary,
    Take,
    TimeToFix,
    Trend,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.objects.part_cache import Copies
from sre_findings.store.records.table import LAST, Row, SqliteTable, Table
from sre_findings.store.snapshots.keys import commit_key
from sre_findings.store.snapshots.reader import Commit
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_scanner.commit import roll_up
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Fault

EVERY = 1_000_000
VIEWS: dict[str, dict[str, str]] = {
    "everything": {},
    "an owner": {"owner": "payments"},
    "an account": {"account": "444455556666"},
    "both": {"owner": "payments", "account": "111122223333"},
    "nobody": {"owner": "nobody"},
}
CASES = [
    *((name, "newest") for name in VIEWS),
    ("everything", "second"),
    ("everything", "first"),
    ("an owner", "first"),
]
Rows = list[OpenFinding]


def access_of(view: Mapping[str, str]) -> Access:
    return Access(frozenset({view.get("account", ALL)}), frozenset({view.get("owner", ALL)}))


def folder_of(nights: SnapshotWriter) -> Path:
    return Path(nights.blobs.url.removeprefix("file://"))


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Sources with two snapshots, at the end time of the second."""
    end = nights.commits()[-1].ended_at
    table = SqliteTable(folder_of(nights) / "table.db")
    return make_sources(nights, table, tmp_path_factory.mktemp("copies"), end)


@dataclass(frozen=True)
class Asked:
    """The data of a report, its rows, and sources that give the same answers to other queries."""

    night: Material
    rows: Rows
    seen: Sources
    as_of: str | None
    view: Mapping[str, str]


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def asked(request: pytest.FixtureRequest, sources: Sources) -> Asked:
    """Reports of all data and of each view, for the newest snapshot and for older ones."""
    name, when = request.param
    first, second = (one.snapshot_id for one in sources.stores.snapshots.commits())
    as_of, view = {"newest": None, "second": second, "first": first}[when], VIEWS[name]
    night = gather(sources, as_of, EVERY, **view)
    return Asked(night, list(night.findings), sources.seen_by(access_of(view)), as_of, view)


def test_exactly_the_first_vulnerabilities_have_a_description(sources: Sources) -> None:
    rows = list(gather(sources, None, EVERY).findings)
    names = dict.fromkeys(one.weakness.identity for one in rows if "CVE" in one.weakness.identity)
    described = {one.weakness.identity for one in rows if one.weakness.description}
    assert len(names) > DESCRIBED
    assert DESCRIBED - 5 < len(described) <= DESCRIBED  # less those of other types
    assert (
        list(names)[: len(described) - 5]
        == [one for one in names if one in described][: len(described) - 5]
    )
    texts = [one.weakness.description for one in rows]
    assert not [text for text in texts if text.startswith((" ", "In the Linux kernel, the "))]


def test_every_number_is_the_other_doors_answer(asked: Asked) -> None:
    night, seen, as_of, view = asked.night, asked.seen, asked.as_of, asked.view
    assert night.summary == ask(Summary(as_of=as_of), seen)
    assert night.accounts == ask(Summary("account", as_of=as_of), seen)
    assert night.owners == ask(Summary("owner", as_of=as_of), seen)
    assert night.coverage == ask(CoverageGaps(as_of=as_of), seen)
    assert night.late == ask(Sla("owner", as_of=as_of), seen)
    assert night.late_by_account == ask(Sla("account", as_of=as_of), seen)
    assert night.time_to_fix == ask(TimeToFix(days=NIGHTS, as_of=as_of), seen)
    assert night.fixes == ask(Fixes(count=FIRST, as_of=as_of), seen)
    assert night.trend == ask(Trend(NIGHTS, as_of=as_of), seen)
    changes = ask(Changes(as_of=night.proof.snapshot_id, count=0), seen)
    assert night.changes.summary == changes.summary
    assert night.changes.items == [one for one in changes.items if one["kind"] == "kev_appeared"]
    assert night.proof == night.summary.proof
    assert (night.owner, night.account) == (view.get("owner"), view.get("account"))


def test_risks_are_the_start_of_priorities_with_owner_and_due_date(asked: Asked) -> None:
    risks = asked.night.risks
    every = ask(Priorities(count=RISKS, as_of=asked.as_of), asked.seen).items
    assert [one.priority for one in risks] == every
    for one in risks:
        rows = [r for r in asked.rows if r.weakness.identity == one.priority["vulnerability_id"]]
        if one.priority["type"] == "PACKAGE_VULNERABILITY":
            assert one.owners == sorted({row.place.owner for row in rows})
            due = min((row.due_on for row in rows if row.due_on), default=None)
            assert (one.due_on and one.due_on.isoformat()) == due


def test_every_row_is_counted_and_every_count_has_its_rows(asked: Asked) -> None:
    night, rows, rollup = asked.night, asked.rows, asked.night.summary.rollup
    ranks = Counter(rank(one.weakness.severity) for one in rows)
    assert Counts(*(ranks[n] for n in range(7))) == rollup.counts
    assert len(rows) == rollup.counts.total
    assert sum(one.weakness.kev is True for one in rows) == rollup.kev
    listed = ask(FindingList(count=0, as_of=asked.as_of), asked.seen).items
    others = sum(one["type"] != "PACKAGE_VULNERABILITY" for one in listed)
    assert sum(one.weakness.kev is None for one in rows) + others == rollup.unchecked, (
        "KEV lists nothing but packages"
    )
    assert sum(one.weakness.exploit for one in rows) == rollup.exploitable
    assert sum(one.weakness.fixable for one in rows) == rollup.fixable
    assert {one.place.owner for one in rows} == {
        one.value for one in night.owners.groups if one.rollup.counts.total
    }
    assert {one.place.account_id for one in rows} == {
        one.value for one in night.accounts.groups if one.rollup.counts.total
    }


def test_late_rows_are_those_that_the_sla_counts(asked: Asked) -> None:
    night, rows, told = asked.night, asked.rows, asked.night.late.facts
    today = night.today.isoformat()
    late = [one for one in rows if one.due_on is not None and one.due_on < today]
    assert len(late) == told["late"]
    assert Counter(one.weakness.severity.lower() for one in late) == Counter(
        {name: count for name, count in told["late_by_severity"].items() if count}
    )
    week = (night.today + timedelta(days=7)).isoformat()
    assert (
        sum(one.due_on is not None and today <= one.due_on <= week for one in rows)
        == told["due_this_week"]
    )
    assert sum(one.due_on is None for one in rows) == told["no_deadline"]
    assert told["today"] == today


def test_new_rows_are_those_that_came_since_the_night_before(asked: Asked) -> None:
    came = (
        asked.night.changes.facts["opened_by"] if asked.night.before else {"new": 0, "reopened": 0}
    )
    assert sum(one.new for one in asked.rows) == came["new"] + came["reopened"]


def test_what_was_met_for_the_first_time_or_only_moved_is_not_new(
    tmp_path: Path, write_night: Callable[..., Commit]
) -> None:
    causes = [
        ("opened", "new"),
        ("opened", "onboarding"),
        ("opened", "successor"),
        ("reopened", None),
        ("reopened", "successor"),
        ("resolved", "patched"),
        ("opened", "new"),
    ]
    events = [
        {"kind": kind, "cause": cause, "finding_arn": f"arn:{n}"}
        for n, (kind, cause) in enumerate(causes)
    ]
    snapshots = SnapshotWriter(FolderBlobs(tmp_path / "store"))
    commit = write_night(
        snapshots,
        1,
        events=[*events, events[0], {"kind": "opened", "cause": "new", "finding_arn": None}],
    )
    rows = DuckDB(snapshots, [commit], Copies(tmp_path / "copies")).rows("opened_arns")
    assert [row["finding_arn"] for row in rows] == ["arn:0", "arn:3", "arn:6"]


def test_something_is_compared(sources: Sources) -> None:
    """Guards against agreement of numbers that are all zero."""
    night = gather(sources, None, EVERY)
    rollup, came = night.summary.rollup, night.changes.facts["opened_by"]
    assert (
        min(
            rollup.counts.total,
            rollup.kev,
            rollup.fixable,
            rollup.exploitable,
            rollup.suppressed,
            came["new"],
        )
        > 0
    )
    assert (
        min(
            night.late.facts["late"],
            night.late.facts["no_deadline"] + night.late.facts["later"],
        )
        > 0
    )
    assert len(night.fixes.items) == FIRST
    assert len(night.resources) == WORST


def test_the_squares_of_ages_add_up_to_the_counts_and_the_late(asked: Asked) -> None:
    night = asked.night
    late = night.late.facts["late_by_severity"]
    for place, count in enumerate(night.summary.rollup.counts.by_rank()):
        squares = night.ages.rows.get(place, ())
        assert sum(one.findings for one in squares) == count
        if squares:
            assert sum(one.late for one in squares) == [*late.values(), 0][place]


def test_the_squares_hold_the_rows_by_their_days(sources: Sources) -> None:
    night = gather(sources, None, EVERY)
    held: Counter[tuple[int, int]] = Counter()
    for one in night.findings:
        days = (night.today - date.fromisoformat(one.opened_on or "")).days
        band = next(
            n for n, band in enumerate(night.ages.bands) if band.last is None or days <= band.last
        )
        held[rank(one.weakness.severity), band] += 1
    assert held == {
        (place, n): square.findings
        for place, row in night.ages.rows.items()
        for n, square in enumerate(row)
        if square.findings
    }


def test_the_worst_resources_are_the_summarys_with_what_is_late_at_each(asked: Asked) -> None:
    night, seen, as_of = asked.night, asked.seen, asked.as_of
    groups = ask(Summary("resource", count=WORST, as_of=as_of), seen).groups
    assert [(held.place.resource_id, held.place.name, held.rollup) for held in night.resources] == [
        (one.value, one.name, one.rollup) for one in groups
    ]
    aged = _aged(seen, night)
    for held in night.resources:
        place = (
            held.place.account_id,
            held.place.region,
            held.place.resource_type,
            held.place.resource_id,
        )
        assert held.lateness == lateness(bucketed(aged.get(place, [])), night.policy, night.today)
        known = held.lateness
        assert (
            known.late + known.due_this_week + known.later + known.no_deadline
            == held.rollup.counts.total
        )


def _aged(seen: Sources, night: Material) -> dict[tuple[str, ...], list[tuple[Bucket, int]]]:
    """Ages by resource, read directly from their table."""
    commit = next(
        one for one in seen.stores.snapshots.commits() if one.snapshot_id == night.proof.snapshot_id
    )
    engine = seen.open([commit])
    assert isinstance(engine, DuckDB)
    names = (
        "account_id, region, resource_type, resource_id, severity_rank, opened_on, kev_due,"
        " findings"
    )
    found: dict[tuple[str, ...], list[tuple[Bucket, int]]] = {}
    for *place, severity, opened, kev_due, count in (
        engine.connect(["ages"]).execute(f"select {names} from ages").fetchall()
    ):
        bucket = Bucket(severity, opened.isoformat(), kev_due.isoformat() if kev_due else "")
        found.setdefault(tuple(place), []).append((bucket, count))
    return found


def test_a_page_of_some_holds_the_worst_of_all_and_the_order_is_total(sources: Sources) -> None:
    rows = list(gather(sources, None, EVERY).findings)
    assert list(gather(sources, None, 7).findings) == rows[:7]
    ranks = [rank(one.weakness.severity) for one in rows]
    assert ranks == sorted(ranks)
    critical = [one.weakness.kev is True for one in rows if one.weakness.severity == "CRITICAL"]
    assert critical == sorted(critical, reverse=True), "what is exploited stands first among equals"


def test_what_many_findings_share_is_one_object(sources: Sources) -> None:
    rows = list(gather(sources, None, EVERY).findings)
    assert len({id(one.place) for one in rows}) == len({one.place for one in rows}) < 100
    assert (
        len({one.weakness for one in rows}) <= len({id(one.weakness) for one in rows}) < len(rows)
    )


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_night_before_is_told_as_it_was_then(sources: Sources, view: dict[str, str]) -> None:
    night, first = gather(sources, None, 0, **view), sources.stores.snapshots.commits()[0]
    before = gather(sources, first.snapshot_id, 0, **view)
    assert night.before is not None
    assert replace(night.before.summary, proof=before.summary.proof) == before.summary
    assert night.before.late == before.late.facts["late"]
    assert before.today == first.started_at.date()
    assert before.before is None


def told(night: Material) -> dict[str, Any]:
    """All fields of the report's data, with the findings read."""
    return {one.name: getattr(night, one.name) for one in fields(night)} | {
        "findings": list(night.findings)
    }


@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view])
def test_a_part_is_told_as_to_somebody_who_may_see_that_part_alone(
    sources: Sources, view: dict[str, str]
) -> None:
    part, seen = (
        told(gather(sources, None, EVERY, **view)),
        told(gather(sources.seen_by(access_of(view)), None, EVERY)),
    )
    mine = {"owner": seen["owner"], "account": seen["account"]}
    assert part | mine == seen
    assert part["evidence"] is None


def test_who_sees_a_part_gets_nothing_else_by_asking_for_it(sources: Sources) -> None:
    mine = sources.seen_by(access_of({"owner": "payments"}))
    other = gather(mine, None, EVERY, owner="search")
    assert list(other.findings) == []
    assert (
        other.summary.rollup.counts.total,
        other.coverage.scanned,
        other.resources,
        other.ages.rows,
    ) == (0, 0, [], {})


def test_the_evidence_is_the_manifests(sources: Sources, nights: SnapshotWriter) -> None:
    night, commit = gather(sources, None, 0), nights.commits()[-1]
    manifest, one = nights.manifest(commit), night.evidence
    assert one is not None
    assert one.manifest_sha256 == commit.manifest_sha256
    assert one.url == f"{nights.blobs.url}/snapshots/{commit.snapshot_id}"
    assert (one.started_at, one.ended_at) == (commit.started_at, commit.ended_at)
    assert one.listed == one.counted == night.summary.rollup.counts.total
    assert (one.regions, one.accounts) == (("eu-west-1", "us-east-1"), 4)
    assert one.answered == one.cells == 8, "four accounts in two regions"
    assert one.parts == len([*manifest.parts]) > 0
    assert one.pages == manifest.certificate.totals["pages"] > 0
    assert one.closed > 0


def test_a_row_says_who_has_taken_the_finding_and_nothing_else_changes(
    sources: Sources, nights: SnapshotWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder_of(nights) / "table.db", tmp_path / "table.db")
    mine = with_table(sources, SqliteTable(tmp_path / "table.db"))
    before = list(gather(mine, None, EVERY).findings)
    place = next(one for one in before if one.place.owner == "payments")
    take = Take(place.place.resource_id, place.weakness.identity, "7d")
    ask(take, replace(mine, caller=mine.caller._replace(by="token:ada", name="ada")))

    until = mine.now().date() + timedelta(days=7)
    for view, told in (({}, 1), ({"owner": "payments"}, 1), ({"owner": "search"}, 0)):
        night = gather(mine, None, EVERY, **view)
        after = list(night.findings)
        claims = {one.claim for one in after if one.claim}
        assert claims == ({f"taken by ada until {until}"} if told else set())
        assert night.claims_known
        if not view:
            assert [one._replace(claim="") for one in after] == before

    def unreadable(*_: Any) -> Any:
        raise StoreUnreadable("cannot use the table")

    monkeypatch.setattr("sre_findings.store.records.claims.read", unreadable)
    assert not gather(mine, None, EVERY).claims_known


def test_without_a_snapshot_there_is_no_page(tmp_path: Path) -> None:
    empty = folder_sources(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="there is no snapshot yet"):
        gather(empty, None, 1)


def test_midnight_does_not_come_between_two_numbers(
    sources: Sources, nights: SnapshotWriter
) -> None:
    moment = nights.commits()[-1].ended_at
    clock = (moment + timedelta(days=days) for days in range(10_000))
    night = gather(replace(sources, now=lambda: next(clock)), None, 0)
    assert (
        night.late.facts["today"] == night.late_by_account.facts["today"] == night.today.isoformat()
    )
    assert {
        night.proof.age_seconds,
        night.late.proof.age_seconds,
        night.coverage.proof.age_seconds,
    } == {night.proof.age_seconds}


@dataclass(frozen=True)
class Interrupted:
    """A table that calls ``happen`` before it is read for the ``at``-th time."""

    inner: Table
    at: int
    happen: Callable[[], object]
    reads: list[str]

    def put(self, rows: Any) -> None:
        raise NotImplementedError

    def create(self, row: Row) -> bool:
        raise NotImplementedError

    def replace(self, old: Row, new: Row) -> bool:
        raise NotImplementedError

    def remove(self, partition: str, sort: str) -> None:
        raise NotImplementedError

    def query(
        self, partition: str, first: str = "", last: str = LAST, *, newest: int | None = None
    ) -> Iterator[Row]:
        self._count(partition)
        return self.inner.query(partition, first, last, newest=newest)

    def query_each(
        self, partition: str, ranges: Sequence[tuple[str, str]], *, newest: int | None = None
    ) -> Iterable[list[Row]]:
        self._count(partition)
        return self.inner.query_each(partition, ranges, newest=newest)

    def _count(self, partition: str) -> None:
        self.reads.append(partition)
        if len(self.reads) == self.at:
            self.happen()


@pytest.fixture
def half(nights: SnapshotWriter, tmp_path: Path) -> tuple[Sources, Callable[[], object]]:
    """A store with the first snapshot, and a function that commits the second."""
    first, second = nights.commits()
    root = tmp_path / "store"
    shutil.copytree(folder_of(nights), root, ignore=shutil.ignore_patterns("table.db*"))
    snapshots, table = SnapshotWriter(FolderBlobs(root)), SqliteTable(root / "table.db")
    kept = root / commit_key(second.sequence)
    kept.rename(tmp_path / "later")
    roll_up(snapshots, table)

    def commit() -> object:
        shutil.copy(tmp_path / "later", kept)
        return roll_up(snapshots, table)

    return make_sources(snapshots, table, tmp_path / "copies", first.ended_at), commit


@pytest.mark.parametrize(
    ("view", "at"), [*(({}, at) for at in (1, 3, 8)), ({"owner": "payments"}, 2)]
)
def test_a_scan_that_commits_meanwhile_changes_nothing(
    half: tuple[Sources, Callable[[], Commit]], view: dict[str, str], at: int
) -> None:
    sources, commit = half
    calm, reads = told(gather(sources, None, EVERY, **view)), list[str]()
    table = Interrupted(sources.stores.table, at, commit, reads)
    assert (
        told(
            gather(
                with_table(sources, table),
                None,
                EVERY,
                **view,
            )
        )
        == calm
    )
    assert len(reads) >= at, "it never came to that"
    assert len(sources.stores.snapshots.commits()) == 2


def test_a_first_night_compares_with_nothing(half: tuple[Sources, Callable[[], Commit]]) -> None:
    night = gather(half[0], None, EVERY)
    assert night.before is None
    assert night.changes.facts["since"] is None
    assert len(night.trend.items) == 1
    assert not any(one.new for one in night.findings)
    assert night.evidence is not None


def test_where_the_table_has_no_rollups_the_same_is_counted_from_the_parts(
    sources: Sources,
) -> None:
    calm = told(gather(sources, None, EVERY))
    bare = told(gather(with_table(sources, SqliteTable(Path(":memory:"))), None, EVERY))
    lists = ("summary", "before", "accounts", "owners", "late", "late_by_account", "trend")
    assert {name: one for name, one in bare.items() if name not in lists} == {
        name: one for name, one in calm.items() if name not in lists
    }
    for name in ("late", "late_by_account", "trend"):
        assert bare[name].items == calm[name].items
        assert [note for note in bare[name].notes if "counted from" in note]
    for name in ("summary", "accounts", "owners"):
        assert (bare[name].rollup, bare[name].groups) == (calm[name].rollup, calm[name].groups)


@pytest.fixture(scope="module")
def partial(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """A snapshot without the findings of one region, which were denied."""
    root, fleet = tmp_path_factory.mktemp("partial"), default_fleet(nights=1, now=NOW)
    snapshots, table = SnapshotWriter(FolderBlobs(root / "store")), SqliteTable(root / "table.db")
    faults = [Fault("denied", "ListFindings", region="us-east-1", times=99)]
    with simulated_inspector(fleet, faults=faults) as simulator:
        scan_nights(simulator, snapshots, table)
    return make_sources(snapshots, table, root / "copies", fleet.nights[-1])


def test_a_partial_night_says_so_and_counts_what_it_read(partial: Sources) -> None:
    night = gather(partial, None, EVERY)
    assert night.proof.state == "partial"
    assert any("us-east-1" in reason for reason in night.proof.reasons)
    assert night.evidence is not None
    assert 0 < night.evidence.answered < night.evidence.cells
    rows = list(night.findings)
    assert {one.place.region for one in rows} == {"eu-west-1"}
    assert len(rows) == night.summary.rollup.counts.total > 0
    assert {cell[1] for cell in night.coverage.cells} == {"us-east-1"}
    late = [one for one in rows if one.due_on is not None and one.due_on < night.today.isoformat()]
    assert len(late) == night.late.facts["late"]
