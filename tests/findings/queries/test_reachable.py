"""Reachability: the filter reports what it omits, and unknown never counts as not reachable."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_cli.render.context import context_lines
from sre_cli.render.resource import render_resource
from sre_findings.inspector.aws_clients import Make, clients
from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.context import context
from sre_findings.live.inspector_answer import live
from sre_findings.model.access import Access
from sre_findings.model.answers import decoding
from sre_findings.model.answers.answer import ResourceAnswer
from sre_findings.model.resources.aws_context import Cluster, Context
from sre_findings.model.resources.image_use import Use
from sre_findings.model.resources.resource import IMAGE, Resource
from sre_findings.nightly.report_findings import open_findings
from sre_findings.queries import ask
from sre_findings.queries.export import left_out, rows
from sre_findings.questions.catalogue import (
    CACHED,
    LIVE,
    ExportFilters,
    ExportPage,
    Exposure,
    FindingList,
    Priorities,
    Summary,
    Vulnerabilities,
)
from sre_findings.sources.cache import DerivedCache
from sre_findings.sources.sources import LiveSources, Sources, find
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_mcp.tools.answers import of_resource
from sre_reports.formats.answers import as_csv
from sre_reports.slack.buttons import Asked
from sre_reports.slack.links import Links
from sre_reports.slack.resource import Beside as SlackBeside
from sre_reports.slack.resource import resource_message
from sre_simulator.fleet import BUSY_INSTANCE, Fleet, default_fleet
from sre_simulator.inspector.faults import Fault
from sre_simulator.inspector.server import Simulator

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = Path(nights.blobs.url.removeprefix("file://"))
    began = nights.commits()[-1].started_at
    return make_sources(
        nights, SqliteTable(folder / "table.db"), tmp_path_factory.mktemp("copies"), began
    )


@pytest.fixture(scope="module")
def every(sources: Sources) -> list[dict[str, Any]]:
    return [dict(one) for one in ask(FindingList(count=0), sources).items]


@pytest.fixture(scope="module")
def images(sources: Sources) -> list[str]:
    groups = ask(Summary("resource"), sources).groups
    return [group.value for group in groups if ":repository/" in group.value]


def test_a_list_of_reachable_findings_counts_what_it_leaves_out(
    sources: Sources, every: list[dict[str, Any]]
) -> None:
    words = Counter(one["reachability"] or "UNKNOWN" for one in every)
    answer = ask(FindingList(count=0, reachable=True), sources)
    assert [one["finding_arn"] for one in answer.items] == [
        o["finding_arn"] for o in every if o["reachability"] == "REACHABLE"
    ]
    assert answer.total == words["REACHABLE"] > 0
    assert (
        answer.notes[0]
        == f"{words['UNKNOWN']:,} findings of unknown reachability are left out and may be"
        " reachable"
    )
    assert answer.notes[1].startswith(
        f"{words['NOT_REACHABLE']:,} findings are left out that Inspector calls not reachable"
    )
    assert not ask(FindingList(count=1), sources).notes


def test_an_export_of_reachable_findings_agrees_by_rows_and_by_pages(
    sources: Sources, every: list[dict[str, Any]]
) -> None:
    wanted = {one["finding_arn"] for one in every if one["reachability"] == "REACHABLE"}
    asked = ExportFilters(reachable=True)
    exported = {row["finding_arn"] for batch in rows(asked, sources)[1] for row in batch}
    pages = ask(ExportPage(asked, count=0), sources)
    assert exported == {one["findingArn"] for one in pages.items} == wanted
    assert (
        list(pages.notes)
        == list(left_out(asked, sources))
        == list(ask(FindingList(reachable=True), sources).notes)
    )
    assert left_out(ExportFilters(), sources) == ()


def test_a_resource_lists_reachable_findings_and_its_counts_and_verdict_stay(
    sources: Sources,
) -> None:
    whole = ask(Vulnerabilities(BUSY_INSTANCE, count=0, source=CACHED), sources)
    some = ask(Vulnerabilities(BUSY_INSTANCE, count=0, source=CACHED, reachable=True), sources)
    assert some.findings == [one for one in whole.findings if one.reachability == "REACHABLE"]
    assert (some.rollup, some.verdict.verdict, some.total_findings) == (
        whole.rollup,
        "vulnerable",
        len(some.findings),
    )
    unknown = sum(one.reachability in (None, "UNKNOWN") for one in whole.findings)
    assert (
        f"{unknown:,} findings of unknown reachability are left out and may be reachable"
        in some.verdict.notes
    )
    assert (
        "that Inspector saw reached at run time are listed; the counts cover all findings."
        in render_resource(some, None, 0)
    )


def test_nothing_known_to_be_reachable_is_not_told_as_nothing(
    sources: Sources, every: list[dict[str, Any]]
) -> None:
    by_id: dict[str, set[str | None]] = {}
    for one in every:
        by_id.setdefault(one["vulnerability_id"] or "", set()).add(one["reachability"])
    unknown = next(name for name, words in by_id.items() if name and words <= {None, "UNKNOWN"})
    answer = ask(Exposure(unknown, reachable=True), sources)
    assert (answer.total, "is known to be reachable" in answer.headline) == (0, True)
    assert "may be reachable" in answer.notes[0]
    nothing = ask(Exposure("no-such-package", reachable=True), sources)
    assert "no-such-package not found in " in nothing.headline


def test_priorities_of_what_runs_are_those_that_inspector_saw_run_somewhere(
    sources: Sources, every: list[dict[str, Any]]
) -> None:
    everything = ask(Priorities(count=0), sources)
    some = ask(Priorities(count=0, reachable=True), sources)
    reached = {one["vulnerability_id"] for one in every if one["reachability"] == "REACHABLE"}
    assert {one["vulnerability_id"] for one in some.items} == reached
    assert all("its code is reached at run time" in one["why"].lower() for one in some.items)
    words = Counter(one["reachability"] for one in everything.items)
    assert some.notes[0].startswith(f"{words['UNKNOWN']:,} vulnerabilities of unknown reachability")
    for one in everything.items:
        mine = {
            each["reachability"]
            for each in every
            if each["vulnerability_id"] == one["vulnerability_id"]
        }
        assert (one["reachability"] == "NOT_REACHABLE") <= (mine == {"NOT_REACHABLE"})
        assert ("not reachable" in one["why"]) == (one["reachability"] == "NOT_REACHABLE")


ODD = (
    st.none()
    | st.just("UNKNOWN")
    | st.sampled_from(["not_reachable", "NOT-REACHABLE", "A_NEW_WORD"])
    | st.text(max_size=6)
)


@given(
    word=ODD,
    reason=st.none() | st.just("PROCESS_NOT_OBSERVED_IN_EC2_RUNTIME"),
    count=st.sampled_from([None, 0]),
)
def test_what_is_not_known_reads_as_unreachable_or_not_running_in_no_mouth(
    sources: Sources, word: str | None, reason: str | None, count: int | None
) -> None:
    answer = ask(Vulnerabilities(BUSY_INSTANCE, count=1, source=CACHED), sources)
    one = replace(answer.findings[0], reachability=word, reachability_reason=reason)
    answer = replace(answer, findings=[one], use=Use(count, NOW))
    slack = resource_message(answer, Asked(BUSY_INSTANCE), SlackBeside(), Links()).blocks
    agent = of_resource(answer, DerivedCache())
    said = " ".join([render_resource(answer, None, 0), str(slack), str(agent.sentences)]).lower()
    assert "not reachable" not in said
    assert "not running" not in said
    assert "does not run" not in said
    assert answer.to_json()["in_use"]["running"] is None
    assert "NOT_REACHABLE" not in as_csv(answer)


def test_the_use_of_an_image_is_the_same_in_every_output(
    sources: Sources, images: list[str]
) -> None:
    answers = [ask(Vulnerabilities(text, count=1, source=CACHED), sources) for text in images]
    running = next(one for one in answers if one.use and one.use.running)
    assert any(one.use is None for one in answers), "of some, nothing is told"
    assert running.use
    assert running.to_json()["in_use"] == {
        "running": True, "in_use_count": running.use.count,
        "last_in_use_at": running.to_json()["in_use"]["last_in_use_at"],
    }  # fmt: skip
    assert decoding.resource_answer(running.to_json()).use == running.use
    sentence = f"uns in {running.use.count} task"
    assert sentence in render_resource(running, None, 0)
    assert sentence in str(resource_message(running, Asked("x"), SlackBeside(), Links()).blocks)
    assert sentence in str(of_resource(running, DerivedCache()).sentences)
    instance = ask(Vulnerabilities(BUSY_INSTANCE, count=1, source=CACHED), sources)
    assert instance.to_json()["in_use"] is None


@pytest.fixture(scope="module")
def fleet(nights: SnapshotWriter) -> Fleet:
    return default_fleet(nights=2, now=nights.commits()[-1].started_at)


@pytest.fixture
def inspector(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with Simulator(fleet) as simulator:
        simulator.clock = fleet.nights[-1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        yield simulator


def test_a_live_answer_tells_reachability_and_use_as_the_snapshot_does(
    inspector: Simulator, sources: Sources, images: list[str]
) -> None:
    def opened(region: str) -> Inspector:
        return Inspector(connect(region), RateLimit(5000), Patience(deadline=20))

    asked = replace(sources, live=LiveSources(live(opened, lambda: ["eu-west-1"], sources.now)))
    text = next(one for one in images if ask(Vulnerabilities(one, source=CACHED), sources).use)
    for reachable in (False, True):
        question = Vulnerabilities(text, count=0, reachable=reachable)
        now, then = (ask(replace(question, source=one), asked) for one in (LIVE, CACHED))
        told = [
            [(one.finding_arn, one.reachability, one.reachability_reason) for one in each.findings]
            for each in (now, then)
        ]
        assert told[0] == told[1] != []
        assert now.use == then.use
        assert [note for note in now.verdict.notes if "left out" in note] == [
            n for n in then.verdict.notes if "left out" in n
        ]


Ask = Callable[[str], Context]


@pytest.fixture
def clusters(inspector: Simulator) -> Ask:
    del inspector

    def run(image: str) -> Context:
        def connected(region: str) -> Make:
            return clients(None, region, os.environ, read_timeout=5)

        resource = Resource(image, IMAGE, image.split(":")[4], image.split(":")[3])
        return context(connected, lambda: "eu-west-1", lambda: NOW)(
            Vulnerabilities(image), resource
        )

    return run


def test_the_clusters_of_an_image_add_up_to_its_use_and_tell_source_and_moment(
    clusters: Ask, sources: Sources, images: list[str]
) -> None:
    text = next(
        one
        for one in images
        if (use := ask(Vulnerabilities(one, source=CACHED), sources).use) and use.running
    )
    use = ask(Vulnerabilities(text, source=CACHED), sources).use
    found = clusters(text)
    assert (found.clusters.checked, found.clusters.asked_at, found.clusters.source) == (
        True,
        NOW,
        "Inspector GetClustersForImage",
    )
    assert found.clusters.value
    assert use
    assert sum(one.running or 0 for one in found.clusters.value) == use.count
    assert found.clusters.value[0].workloads
    (line,) = context_lines(found, "", None)
    assert line.startswith("Runs in  ECS services (")


def test_an_image_without_clusters_may_run_elsewhere(clusters: Ask, images: list[str]) -> None:
    found = clusters(images[0].rpartition(":")[0] + ":" + "0" * 64)
    assert (found.clusters.checked, found.clusters.value) == (True, None)
    assert list(context_lines(found, "", None)) == [
        "Runs in  no cluster known to Inspector; the image may run elsewhere"
    ]


def test_a_denied_call_is_a_note_and_no_answer(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, images: list[str]
) -> None:
    with Simulator(fleet, faults=[Fault("denied", "GetClustersForImage")]) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)

        def connected(region: str) -> Make:
            return clients(None, region, os.environ, read_timeout=5)

        resource = Resource(images[0], IMAGE, images[0].split(":")[4], images[0].split(":")[3])
        found = context(connected, lambda: "eu-west-1", lambda: NOW)(
            Vulnerabilities(images[0]), resource
        )
    assert not found.clusters.checked
    assert found.notes[0].startswith("Inspector did not answer: AccessDeniedException")
    assert found.outward().notes == ("Inspector did not answer: AccessDeniedException",)
    assert list(context_lines(found, "", None)) == []


def test_clusters_of_other_accounts_are_shown_to_who_sees_them_alone(
    sources: Sources, images: list[str]
) -> None:
    text = images[0]
    account = text.split(":")[4]
    told = Context(
        region="eu-west-1",
        clusters=replace(
            Context().clusters,
            asked_at=NOW,
            checked=True,
            value=tuple(
                Cluster(f"arn:aws:ecs:eu-west-1:{one}:cluster/main", 1, 0, NOW)
                for one in (account, "999999999999")
            ),
        ),
    )
    asked = replace(sources, live=LiveSources(context=lambda _question, _resource: told))
    question = Vulnerabilities(text, source=CACHED, context=True)

    def shown(sources: Sources) -> list[str]:
        answer: ResourceAnswer = ask(question, sources)
        assert answer.context
        return [one.account_id for one in answer.context.clusters.value or ()]

    assert shown(asked) == [account, "999999999999"]
    mine = asked.seen_by(Access(frozenset({account}), frozenset({"*"})))
    assert shown(mine) == [account]
    assert (
        "clusters of other accounts are not shown"
        in (ask(question, mine).context or Context()).notes
    )


def test_the_page_marks_what_inspector_saw_run_and_nothing_else(
    sources: Sources, every: list[dict[str, Any]]
) -> None:
    found = find(sources, None)
    marked = Counter(
        one.weakness.reachable for one in open_findings(found.engine, sources.policy, (), 10**6, {})
    )
    assert marked[True] == sum(one["reachability"] == "REACHABLE" for one in every) > 0
