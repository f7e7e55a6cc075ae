"""Only a known place that was read gives an empty answer; an unknown place is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import NOW
from tests.support.simulated_inspector import scan_nights, simulated_inspector
from tests.support.sources import make_sources

from sre_findings.model.access import ALL, Access
from sre_findings.model.answers.verdict import UNKNOWN
from sre_findings.model.errors import UsageError
from sre_findings.model.snapshots.query_scope import KINDS, Place, unread
from sre_findings.model.snapshots.states import NOT_OPTED_IN, REACHED
from sre_findings.nightly.digest import digest_data
from sre_findings.queries import QUERIES, ask
from sre_findings.queries.export import rows as rows_of
from sre_findings.questions.catalogue import (
    Changes,
    CoverageGaps,
    DueDates,
    ExportFile,
    ExportFilters,
    ExportPage,
    Exposure,
    Filters,
    FindingList,
    FixEffects,
    Fixes,
    ImageFixes,
    Priorities,
    Sla,
    Summary,
    SurvivalCurves,
    TimeToFix,
    Trend,
    VulnerabilityDetails,
)
from sre_findings.sources.download_links import DownloadLink
from sre_findings.sources.sources import Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_reports.publishing.editions import open_editions
from sre_reports.publishing.report_files import View
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Fault

ACCOUNT, OTHER, REGION, DENIED, UNSCANNED = (
    "111122223333",
    "444455556666",
    "eu-west-1",
    "us-east-1",
    "ap-southeast-2",
)
Made = Callable[[Place], Any]


def filters_of(place: Place) -> Filters:
    return Filters(place.owners, place.accounts, place.regions)


def rows(place: Place) -> ExportFilters:
    return ExportFilters(
        owners=place.owners, accounts=place.accounts, regions=place.regions, types=place.types
    )


BY_NARROW = ("owners", "accounts", "regions")
BY_ROWS = (*BY_NARROW, "types")
# Each query, with its filters by place. Queries without such filters are in PLACELESS.
QUESTIONS: dict[str, tuple[tuple[str, ...], Made]] = {
    "changes": (BY_NARROW, lambda place: Changes(filters=filters_of(place))),
    "sla": (("owners",), lambda place: Sla(owners=place.owners)),
    "due-dates": (("owners",), lambda place: DueDates(owners=place.owners)),
    "survival": (BY_NARROW, lambda place: SurvivalCurves(filters=filters_of(place))),
    "time-to-fix": (BY_NARROW, lambda place: TimeToFix(filters=filters_of(place))),
    "priorities": (BY_ROWS, lambda place: Priorities(filters=filters_of(place), types=place.types)),
    "where": (BY_NARROW, lambda place: Exposure("no-such-package", filters=filters_of(place))),
    "show": (
        BY_NARROW,
        lambda place: VulnerabilityDetails("CVE-2099-0001", filters=filters_of(place)),
    ),
    "fixes": (BY_ROWS, lambda place: Fixes(filters=filters_of(place), types=place.types)),
    "fix-effects": (
        BY_ROWS,
        lambda place: FixEffects(1, filters=filters_of(place), types=place.types),
    ),
    "images": (BY_ROWS, lambda place: ImageFixes(filters=filters_of(place), types=place.types)),
    "findings": (BY_ROWS, lambda place: FindingList(filters=filters_of(place), types=place.types)),
    "export": (BY_ROWS, lambda place: ExportPage(rows(place))),
    "file": (BY_ROWS, lambda place: ExportFile(rows(place))),
}
TRENDS = {"owners": "owner", "accounts": "account", "regions": "region", "types": "type"}
PLACELESS = {"why", "diff", "suppressions", "snapshots", "operations", "claims", "take"}


def asked(name: str, place: Place, sources: Sources) -> Any:
    return ask(QUESTIONS[name][1](place), sources)


def exported(place: Place, sources: Sources) -> Any:
    proof, batches = rows_of(rows(place), sources)
    return proof, sum(len(batch) for batch in batches)


@pytest.fixture(scope="module")
def whole(nights: SnapshotWriter) -> Sources:
    """A complete snapshot of two regions."""
    commit = nights.commits()[-1]
    table = SqliteTable(Path(nights.blobs.url.removeprefix("file://")) / "table.db")
    issue_link = lambda handout: DownloadLink("a reference", handout.asked_at, "/a/path", None)  # noqa: E731 - a fake server's link
    return make_sources(nights, table, Path("unused"), commit.ended_at, issue_link=issue_link)


@pytest.fixture(scope="module")
def partly(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """One region was read, one was denied, and Inspector is disabled in one account."""
    folder = tmp_path_factory.mktemp("partly") / "store"
    fleet = default_fleet(nights=1, disabled=[OTHER], now=NOW)
    faults = [Fault("denied", "ListFindings", times=99, region=DENIED)]
    snapshots, table = SnapshotWriter(FolderBlobs(folder)), SqliteTable(folder / "table.db")
    with simulated_inspector(fleet, faults=faults) as simulator:
        (commit,) = scan_nights(simulator, snapshots, table, required=())
    issue_link = lambda handout: DownloadLink("a reference", handout.asked_at, "/a/path", None)  # noqa: E731 - see above
    return make_sources(snapshots, table, folder, commit.ended_at, issue_link=issue_link)


def test_every_question_that_has_a_place_is_held_to_this() -> None:
    assert {*QUESTIONS, "trend"} | PLACELESS == set(QUERIES) - {
        "vulnerabilities",
        "summary",
        "coverage",
        "finding",
    }, "a new question must be added to QUESTIONS, or has no place"
    everything = Place(("o",), ("a",), ("r",), ("t",))
    for names, made in QUESTIONS.values():
        question = made(everything)
        rows_or_question = getattr(question, "rows", question)
        place = getattr(rows_or_question, "filters", rows_or_question)
        values = {name: getattr(place, name, ()) for name in BY_NARROW}
        values["types"] = getattr(rows_or_question, "types", ())
        assert {name for name, value in values.items() if value} == set(names)


STRANGERS = {
    "owners": ("paymets", "Did you mean payments?"),
    "accounts": ("999999999999", "account 999999999999 is not in the snapshot"),
    "regions": ("eu-wset-1", "Did you mean eu-west-1"),
    "types": ("AWS_EC2_INSTANSE", "Did you mean AWS_EC2_INSTANCE?"),
}


@pytest.mark.parametrize(
    ("name", "filtered"), [(name, one) for name, (names, _) in QUESTIONS.items() for one in names]
)
def test_what_does_not_exist_is_refused_with_what_is_near(
    whole: Sources, name: str, filtered: str
) -> None:
    value, told = STRANGERS[filtered]
    with pytest.raises(UsageError, match=value) as refused:
        asked(name, Place(**{filtered: (value,)}), whole)
    assert told in str(refused.value)


def test_so_it_is_of_everything_that_is_no_list(whole: Sources, partly: Sources) -> None:
    stranger = ("paymets",)
    for question in (
        lambda: ask(Summary(owners=stranger), whole),
        lambda: ask(CoverageGaps(owners=stranger), whole),
        lambda: rows_of(ExportFilters(owners=stranger), whole),
        lambda: open_editions(whole, None).check(View("owner", "paymets")),
        lambda: digest_data(whole, None, stranger),
    ):
        with pytest.raises(UsageError, match="Did you mean payments"):
            question()
    with pytest.raises(UsageError, match="account 999999999999 is not in the snapshot"):
        open_editions(whole, None).check(View("account", "999999999999"))
    with pytest.raises(UsageError, match="Did you mean payments"):
        ask(Summary(owners=stranger), partly)


@pytest.mark.parametrize("filtered", TRENDS)
def test_a_trend_of_what_no_night_knows_is_refused(whole: Sources, filtered: str) -> None:
    value, told = STRANGERS[filtered]
    with pytest.raises(UsageError, match=value) as refused:
        ask(Trend(kind=TRENDS[filtered], value=value), whole)
    assert told in str(refused.value)


def test_a_trend_of_a_resource_that_is_not_there_or_of_half_a_scope_is_refused(
    whole: Sources,
) -> None:
    for kind, value in (("resource", "i-nowhere"), ("owner", ""), ("organization", "payments")):
        with pytest.raises(UsageError):
            ask(Trend(kind=kind, value=value), whole)


def test_a_trend_of_a_region_that_was_not_scanned_has_no_zeroes(whole: Sources) -> None:
    answer = ask(Trend(kind="region", value=UNSCANNED), whole)
    assert (answer.known, answer.items, answer.proof.sure) == (False, [], False)
    known = ask(Trend(kind="region", value=REGION), whole)
    assert (known.known, known.proof.sure, len(known.items)) == (True, True, 2)


UNREAD = {
    "regions": (UNSCANNED, "region ap-southeast-2 was not read: it was not scanned"),
    "types": (
        "Microsoft.Web/sites",
        "resource type Microsoft.Web/sites was not read: it was not scanned",
    ),
}


@pytest.mark.parametrize(
    ("name", "filtered"),
    [(n, one) for n, (names, _) in QUESTIONS.items() for one in names if one in UNREAD],
)
def test_what_exists_and_was_not_scanned_is_unknown(
    whole: Sources, name: str, filtered: str
) -> None:
    value, told = UNREAD[filtered]
    answer = asked(name, Place(**{filtered: (value,)}), whole)
    assert (answer.total, answer.known, answer.proof.sure) == (0, False, False)
    assert answer.proof.unread[0] == told
    assert "not everything was read" in answer.headline


def test_a_region_that_was_denied_is_unknown_and_not_strange(partly: Sources) -> None:
    answer = asked("findings", Place(regions=(DENIED,)), partly)
    assert (answer.total, answer.known) == (0, False)
    assert any("us-east-1" in one and "denied" in one for one in answer.proof.unread)


def test_an_account_where_inspector_is_off_is_unknown_and_not_strange(partly: Sources) -> None:
    answer = asked("findings", Place(accounts=(OTHER,), regions=(REGION,)), partly)
    assert (answer.total, answer.known) == (0, False)
    assert any(OTHER in one and "disabled" in one for one in answer.proof.unread)
    proof, count = exported(Place(accounts=(OTHER,)), partly)
    assert (count, proof.sure) == (0, False)


def test_findings_of_a_status_that_the_scan_did_not_ask_for_are_unknown(whole: Sources) -> None:
    proof, batches = rows_of(ExportFilters(statuses=("CLOSED",)), whole)
    assert not [*batches]
    assert proof.unread == ("CLOSED findings were not read: the scan did not request them",)
    assert not rows_of(ExportFilters(statuses=("ACTIVE", "SUPPRESSED")), whole)[0].unread


def test_an_empty_answer_from_a_snapshot_that_is_too_old_is_unknown(whole: Sources) -> None:
    old = replace(whole, max_age=timedelta(seconds=-1))
    answer = ask(Exposure("no-such-package"), old)
    assert (answer.known, answer.total) == (False, 0)
    assert "the snapshot is stale" in answer.headline


def test_where_everything_was_read_an_empty_answer_is_one(whole: Sources) -> None:
    answer = ask(Exposure("no-such-package"), whole)
    assert (answer.known, answer.proof.sure, answer.total) == (True, True, 0)
    assert answer.headline == (
        "no-such-package not found in 34 scanned resources; 8 not fully scanned: see coverage."
    )


def test_a_place_outside_the_access_is_answered_as_one_that_does_not_exist(whole: Sources) -> None:
    seen = whole.seen_by(Access(frozenset({ACCOUNT}), frozenset({ALL})))

    def said(value: str) -> str:
        try:
            asked("findings", Place(accounts=(value,)), seen)
        except UsageError as error:
            return str(error).replace(value, "X")
        raise AssertionError(value)

    assert said(OTHER) == said("999999999999")
    assert OTHER not in said("999999999999")
    elsewhere = whole.seen_by(Access(frozenset({"000000000000"}), frozenset({ALL})))
    told = [
        asked("findings", Place(regions=(one,)), elsewhere).proof.unread[0].replace(one, "X")
        for one in (REGION, UNSCANNED)
    ]
    assert told[0] == told[1]


VALUES = {
    "owners": ("payments", "platform", "nobody-of-this-name"),
    "accounts": (ACCOUNT, OTHER, "123456789012", "000000000000"),
    "regions": (REGION, DENIED, UNSCANNED, "mars-north-1"),
    "types": ("AWS_EC2_INSTANCE", "AWS_LAMBDA_FUNCTION", "CODE_REPOSITORY", "Microsoft.Web/sites"),
}
PLACES = st.builds(
    Place,
    **{
        name: st.lists(st.sampled_from(some), max_size=2).map(tuple)
        for name, some in VALUES.items()
    },
)


def is_read(place: Place, sources: Sources) -> bool:
    """Whether a place was read completely, according to the certificate alone.

    That is, each cell in it was read, and at least one cell of each name.
    """
    cells = sources.stores.snapshots.manifest(
        sources.stores.snapshots.commits()[-1]
    ).certificate.cells
    inside = {
        cell: state
        for cell, state in cells.items()
        if place.touches((cell.account_id, cell.region, cell.resource_type))
    }
    reached = {
        cell for cell, state in inside.items() if state == REACHED and cell.resource_type != "*"
    }
    named = all(any(cell[axis] == value for cell in reached) for axis, value in place.named())
    return (
        named
        and bool(reached)
        and all(state in (REACHED, NOT_OPTED_IN) for state in inside.values())
    )


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(place=PLACES, which=st.sampled_from(["whole", "partly"]))
def test_an_empty_answer_is_only_given_for_a_place_that_was_read(
    whole: Sources, partly: Sources, place: Place, which: str
) -> None:
    sources = whole if which == "whole" else partly
    for name, (names, _) in QUESTIONS.items():
        own = Place(**{one: getattr(place, one) for one in names})
        try:
            answer = asked(name, own, sources)
        except UsageError:
            assert not own.everywhere, name
            continue
        if answer.total == 0 and answer.known:
            assert answer.proof.sure, (name, own)
            assert is_read(own, sources), (name, own)
    summary = ask(Summary(), sources)
    assert summary.rollup.counts.total or summary.verdict.verdict == UNKNOWN


SPOTS = st.dictionaries(
    st.tuples(
        st.sampled_from(["a", "b", "*"]),
        st.sampled_from(["r", "s"]),
        st.sampled_from(["t", "u", "*"]),
    ),
    st.frozensets(
        st.sampled_from([REACHED, NOT_OPTED_IN, "denied", "disabled"]), min_size=1, max_size=2
    ),
    max_size=6,
)
NAMED = st.builds(
    Place,
    accounts=st.sampled_from([(), ("a",), ("a", "b")]),
    regions=st.sampled_from([(), ("r",), ("r", "s")]),
    types=st.sampled_from([(), ("t",)]),
)


@given(NAMED, SPOTS)
def test_a_place_is_read_only_if_every_cell_in_it_was_read(
    place: Place, spots: dict[tuple[str, str, str], frozenset[str]]
) -> None:
    if unread(place, spots):
        return
    inside = {spot: states for spot, states in spots.items() if place.touches(spot)}
    assert all(states <= {REACHED, NOT_OPTED_IN} for states in inside.values())
    for axis, value in place.named():
        assert any(spot[axis] == value and REACHED in states for spot, states in inside.items()), (
            KINDS[axis]
        )
