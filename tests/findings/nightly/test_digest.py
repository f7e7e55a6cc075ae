"""The digest has only events, for its owners, with the same numbers as all other answers."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import NOW
from tests.support.sources import folder_sources, make_sources, with_table

from sre_findings.model.access import ALL, Access
from sre_findings.model.errors import UsageError
from sre_findings.nightly.digest import LISTED, SPEAKING, DigestData, Silence, digest_data, named
from sre_findings.nightly.leads import LEADS
from sre_findings.nightly.report import gather
from sre_findings.queries import ask
from sre_findings.queries.changes import changes
from sre_findings.queries.sla import sla
from sre_findings.queries.summary import summary
from sre_findings.queries.trend import trend
from sre_findings.questions.catalogue import (
    Changes,
    CoverageGaps,
    FindingList,
    OneFinding,
    Sla,
    Summary,
    Take,
    Trend,
)
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.brief import brief
from sre_reports.html_report.sections.sentences import verdict
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Fault, Simulator

OWNERS = [("*",), ("payments",), ("payments", "search")]


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Sources with two snapshots, at the end time of the second."""
    return open_at(
        Path(nights.blobs.url.removeprefix("file://")), tmp_path_factory.mktemp("copies")
    )


def open_at(store: Path, copies: Path, now: datetime | None = None) -> Sources:
    snapshots = SnapshotWriter(FolderBlobs(store))
    end = now or snapshots.commits()[-1].ended_at
    return make_sources(snapshots, SqliteTable(store / "table.db"), copies, end)


def known(found: DigestData | Silence) -> DigestData:
    assert isinstance(found, DigestData)
    return found


@pytest.fixture(params=OWNERS, ids=" ".join)
def asked(request: pytest.FixtureRequest, sources: Sources) -> tuple[DigestData, Sources]:
    """The digest of the newest snapshot for some owners, and sources limited to these owners."""
    owners = request.param
    return known(digest_data(sources, None, owners)), sources.seen_by(
        Access(frozenset({ALL}), frozenset(owners))
    )


def test_its_numbers_are_those_of_the_other_answers(asked: tuple[DigestData, Sources]) -> None:
    found, seen = asked
    whole = summary(Summary(), seen)
    assert found.material.summary.rollup.counts == whole.rollup.counts
    assert found.material.late.facts["late"] == sla(Sla(), seen).facts["late"]
    events = changes(Changes(count=0), seen)
    told = Counter(
        (one["kind"], one["cause"])
        for one in events.items
        if one["cause"] not in ("onboarding", "successor")
    )
    event_counts: Counter[tuple[str, str | None]] = Counter()
    for one in found.event_counts:
        event_counts[one.kind, one.cause] += one.events
    assert event_counts == told
    old = events.facts["opened_by"]["onboarding"]
    assert sum(one.findings for one in found.onboarded) <= old
    assert (
        found.opened_count()
        == events.facts["opened_by"]["new"] + events.facts["opened_by"]["reopened"]
    )


def test_the_worst_of_each_kind_are_listed(asked: tuple[DigestData, Sources]) -> None:
    found, _ = asked
    for kind, rows in found.listed.items():
        assert len(rows) == min(LISTED, found.count(kind))
        assert {row["kind"] for row in rows} == {kind}
        first = [not row["kev"] for row in rows]
        assert first == sorted(first)
    if ALL not in found.owners:
        assert {row["owner"] for rows in found.listed.values() for row in rows} <= set(found.owners)


def test_gaps_are_those_of_coverage(asked: tuple[DigestData, Sources]) -> None:
    found, seen = asked
    answer = ask(CoverageGaps(), seen)
    expected = {
        (one.account_id, one.region, one.name or one.resource_id, one.scan_type, one.reason)
        for one in answer.gaps
    }
    assert {one[:5] for one in found.gaps if not one.whole} == expected
    assert set(found.opened_gaps) <= set(found.gaps)
    assert not set(found.closed_gaps) & set(found.gaps)


def test_a_first_night_has_no_events_and_is_all_seen_for_the_first_time(sources: Sources) -> None:
    first = sources.stores.snapshots.commits()[0].snapshot_id
    found = known(digest_data(sources, first, ("*",)))
    assert found.material.before is None
    assert (found.event_counts, found.listed) == ([], {})
    assert {one.account_id for one in found.onboarded} == {
        group.value for group in found.material.accounts.groups
    }
    assert not found.quiet


def test_however_many_owners_there_are_a_title_has_room_for_numbers() -> None:
    assert named(("*",)) == ""
    assert named(("payments", "search")) == "payments, search"
    assert named(("a", "b", "c", "d", "e")) == "a, b, c, 2 more"
    assert len(named(["x" * 256] * 1_000)) < 100


def test_an_owner_of_nothing_is_refused(sources: Sources) -> None:
    with pytest.raises(UsageError, match="there is no owner paymnets"):
        digest_data(sources, None, ("paymnets",))


def test_without_a_young_snapshot_there_is_no_night(sources: Sources, tmp_path: Path) -> None:
    commits = sources.stores.snapshots.commits()
    late = commits[-1].started_at + timedelta(days=3)
    found = digest_data(replace(sources, now=lambda: late), None, ("*",))
    assert found == Silence(late.date().isoformat(), commits[-1].started_at, commits[-1].started_at)
    none = digest_data(folder_sources(tmp_path, at=late), None, ("*",))
    assert none == Silence(late.date().isoformat(), None, None)
    assert isinstance(
        digest_data(replace(sources, now=lambda: late), commits[-1].snapshot_id, ("*",)), DigestData
    )


@pytest.fixture
def scanned(
    nights: SnapshotWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Sources]:
    """Adds a scan after the last one.

    ``scanned(faults)`` scans a day later a fleet in which only the scan times changed.
    """

    def run(*faults: Fault, after: timedelta = timedelta(days=1)) -> Sources:
        store = tmp_path / "store"
        shutil.copytree(Path(nights.blobs.url.removeprefix("file://")), store)
        fleet = default_fleet(nights=2, now=NOW)
        later = fleet.nights[-1] + after
        here = open_at(store, tmp_path / "copies", later)
        with Simulator(fleet, faults=faults) as simulator:
            monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
            simulator.clock = later
            request: Any = Request(regions=fleet.regions, required=fleet.regions, rate=5000.0)
            scan(
                request,
                SnapshotWriter(FolderBlobs(store)),
                here.stores.table,
                now=lambda: simulator.clock,
            )
        return here

    return run


def test_a_night_on_which_inspector_only_looked_again_is_quiet(
    scanned: Callable[..., Sources],
) -> None:
    found = known(digest_data(scanned(), None, ("*",)))
    assert not [one for one in found.event_counts if one.kind in SPEAKING]
    assert found.quiet


def test_a_region_that_was_refused_is_a_gap_as_a_whole(scanned: Callable[..., Sources]) -> None:
    region = default_fleet(nights=1, now=NOW).regions[-1]
    found = known(digest_data(scanned(Fault("denied", region=region, times=10**6)), None, ("*",)))
    assert found.material.proof.state == "partial"
    assert {one.region for one in found.opened_gaps if one.whole} == {region}


def test_a_second_scan_of_a_day_compares_with_the_day_before_and_adds_no_point(
    scanned: Callable[..., Sources],
) -> None:
    here = scanned(after=timedelta(hours=1))
    first, second, third = here.stores.snapshots.commits()
    assert second.started_at.date() == third.started_at.date()
    found = known(digest_data(here, None, ("*",)))
    since = found.material.changes.facts["since"]
    assert since
    assert since["snapshot_id"] == first.snapshot_id
    assert not found.quiet
    days = trend(Trend(), here)
    assert [one["snapshot_id"] for one in days.items] == [first.snapshot_id, third.snapshot_id]
    flows = {
        one["snapshot_id"]: one["came"]
        for one in trend(Trend(as_of=second.snapshot_id), here).items
    }
    assert days.items[-1]["came"] == flows[second.snapshot_id], (
        "what came in the day's first scan came that day"
    )
    since = changes(Changes(), here).facts["since"]
    assert since
    assert since["snapshot_id"] == second.snapshot_id


def test_a_partial_night_is_compared_with_none_in_any_mouth(
    scanned: Callable[..., Sources],
) -> None:
    fleet = default_fleet(nights=1, now=NOW)
    region, other = fleet.regions[-1], fleet.regions[0]
    here = scanned(Fault("denied", region=region, times=10**6))
    first, _, last = here.stores.snapshots.commits()
    why = f"{region} was not read on {last.started_at:%Y-%m-%d}"
    told = trend(Trend(), here).headline
    assert why in told
    assert not re.search("more|fewer|no change", told)
    material = gather(here, None, 0)
    assert material.before is not None
    assert material.compared is None
    assert why in material.not_compared
    assert why in brief(material).since
    assert any(why in sentence for sentence in verdict(material).rest)
    assert not any("Nothing came" in sentence for sentence in verdict(material).rest)
    assert "in the data that was read" in changes(Changes(as_of=last.snapshot_id), here).headline
    read = trend(Trend(kind="region", value=other), here).headline
    assert f"than on {first.started_at:%Y-%m-%d}" in read, (
        "what was read on both nights is compared"
    )
    unread = trend(Trend(kind="region", value=region), here)
    assert unread.items[-1]["date"] < f"{last.started_at:%Y-%m-%d}"
    assert unread.notes == [f"Not read on 1 day: {last.started_at:%Y-%m-%d}."]


def test_a_digest_names_new_critical_and_kev_findings_by_kev_and_due_date(
    asked: tuple[DigestData, Sources],
) -> None:
    found, seen = asked
    order = [(not one.kev, one.due_on if one.kev else date.max) for one in found.leads]
    assert order == sorted(order)
    named = [one.vulnerability_id for one in found.leads]
    assert len(named) == min(LEADS, found.lead_count)
    assert all(one.kev or one.severity == "CRITICAL" for one in found.leads)
    assert bool(named) == bool(found.new_kev or found.opened_count(severity="CRITICAL"))
    for one in found.leads:
        due = ask(OneFinding(resource=one.resource_id, vulnerability_id=one.vulnerability_id), seen)
        assert due.finding is not None
        assert due.finding.owner == (one.owner or None)
        assert one.command or one.advice


def test_a_first_snapshot_names_nothing_as_new(sources: Sources) -> None:
    first = sources.stores.snapshots.commits()[0].snapshot_id
    found = known(digest_data(sources, first, ("*",)))
    assert (tuple(found.leads), found.lead_count) == ((), 0)


@pytest.fixture
def taken(sources: Sources, tmp_path: Path) -> Callable[..., Sources]:
    """``taken("today")``: the sources with a claim made on the day of the first snapshot."""
    table = Path(sources.stores.snapshots.blobs.url.removeprefix("file://")) / "table.db"
    shutil.copy(table, tmp_path / "table.db")
    first = sources.stores.snapshots.commits()[0].started_at
    mine = with_table(sources, SqliteTable(tmp_path / "table.db"))

    def take(until: str, days_before: int = 0) -> Sources:
        found = ask(FindingList(99), mine).items
        resource, cve = next(
            (one["resource_id"], one["vulnerability_id"])
            for one in found
            if one["owner"] == "payments" and one["vulnerability_id"]
        )
        person = mine.caller._replace(by="token:ada", name="ada")
        then = replace(mine, now=lambda: first - timedelta(days=days_before), caller=person)
        assert ask(Take(resource, cve or "", until), then).facts["done"]
        return mine

    return take


def test_a_claim_that_ended_since_the_snapshot_before_has_lapsed(
    taken: Callable[..., Sources],
) -> None:
    sources = taken("today")
    for owners, told in ((("*",), 1), (("payments",), 1), (("search",), 0)):
        found = known(digest_data(sources, None, owners))
        assert found.lapsed is not None
        assert [one["name"] for one in found.lapsed] == ["ada"] * told
        assert not (found.quiet and told)


def test_a_claim_that_lasts_or_lapsed_earlier_is_not_told(taken: Callable[..., Sources]) -> None:
    assert known(digest_data(taken("tomorrow"), None, ("*",))).lapsed == []
    assert known(digest_data(taken("today", days_before=3), None, ("*",))).lapsed == []
