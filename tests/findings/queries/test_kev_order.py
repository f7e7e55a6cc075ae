"""Within a severity, findings in KEV come first, then those with an exploit, in every list."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sources import make_sources

from sre_findings.inspector.client import connect
from sre_findings.inspector.listing import Inspector
from sre_findings.inspector.retry import Patience, RateLimit
from sre_findings.live.inspector_answer import live
from sre_findings.model.answers import decoding
from sre_findings.model.findings.finding import Finding, worst_first
from sre_findings.queries import ask
from sre_findings.questions.catalogue import CACHED, LIVE, FindingList, Vulnerabilities
from sre_findings.sources.sources import LiveSources, Sources
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_simulator.fleet import BUSY_INSTANCE, default_fleet
from sre_simulator.inspector.server import Simulator

ORDER = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
NEVER = "9999-12-31"


def key(one: dict[str, Any]) -> tuple[Any, ...]:
    """The order of findings, from a finding's JSON."""
    exploit = one["exploit_available"] == "YES" or one["exploit_observed"] is not None
    score = one["inspector_score"]
    return (
        ORDER.index(one["severity"]),
        0 if one["kev"] else 1,
        one["kev_due"] or NEVER,
        0 if exploit else 1,
        one["status"],
        math.inf if score is None else -score,
        (one["vulnerability_id"] is None, one["vulnerability_id"] or ""),
        one["finding_arn"],
    )


@pytest.fixture(scope="module")
def sources(nights: SnapshotWriter, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = Path(nights.blobs.url.removeprefix("file://"))
    began = nights.commits()[-1].started_at
    return make_sources(
        nights, SqliteTable(folder / "table.db"), tmp_path_factory.mktemp("copies"), began
    )


@pytest.fixture
def with_live(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    def opened(region: str) -> Inspector:
        return Inspector(connect(region), RateLimit(5000), Patience(deadline=20))

    with Simulator(default_fleet()) as simulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        yield replace(sources, live=LiveSources(live(opened, lambda: ["eu-west-1"], sources.now)))


def test_every_list_has_kev_first_within_a_severity(sources: Sources) -> None:
    statuses = ("ACTIVE", "SUPPRESSED")
    every = [dict(one) for one in ask(FindingList(count=0, statuses=statuses), sources).items]
    assert every == sorted(every, key=key)
    assert {one["kev"] for one in every} >= {True, False}
    one = ask(Vulnerabilities(BUSY_INSTANCE, count=0, suppressed=True, source=CACHED), sources)
    rows: list[Any] = [finding.to_json() for finding in one.findings]
    assert rows == sorted(rows, key=key)
    assert any(row["kev"] for row in rows)


def test_pages_of_any_size_add_up_to_the_whole_list(sources: Sources) -> None:
    whole = ask(Vulnerabilities(BUSY_INSTANCE, count=0, source=CACHED), sources).findings
    paged, cursor = list[Finding](), None
    while not paged or cursor:
        page = ask(Vulnerabilities(BUSY_INSTANCE, count=97, cursor=cursor, source=CACHED), sources)
        paged, cursor = [*paged, *page.findings], page.next_cursor
    assert paged == list(whole)


def test_a_live_answer_has_the_snapshots_kev_facts_and_order(with_live: Sources) -> None:
    now, then = (
        ask(Vulnerabilities(BUSY_INSTANCE, count=0, source=source), with_live)
        for source in (LIVE, CACHED)
    )
    facts = [
        [(one.finding_arn, one.kev, one.kev_due, one.exploit_observed) for one in each.findings]
        for each in (now, then)
    ]
    assert facts[0] == facts[1] != []
    assert now.overdue == sum(bool(one.overdue) for one in now.findings)
    assert (now.rollup.kev, now.rollup.unchecked) == (then.rollup.kev, then.rollup.unchecked)


DAYS = st.none() | st.dates(date(2021, 1, 1), date(2027, 1, 1))


@given(st.data())
def test_the_live_key_orders_as_a_plain_key_of_the_json(
    sources: Sources, data: st.DataObject
) -> None:
    one = ask(Vulnerabilities(BUSY_INSTANCE, count=1, source=CACHED), sources).findings[0]
    kev = st.sampled_from([True, False, None])
    some = [
        replace(
            one,
            finding_arn=f"arn:{place}",
            severity=data.draw(st.sampled_from(ORDER[:2])),
            kev=listed,
            kev_due=data.draw(DAYS) if listed else None,
            exploit_observed=data.draw(DAYS),
            exploit_available=data.draw(st.sampled_from(["YES", "NO", None])),
            inspector_score=data.draw(st.sampled_from([None, 0.0, 5.0, 9.8])),
            vulnerability_id=data.draw(st.sampled_from([None, "CVE-1", "CVE-2"])),
        )
        for place, listed in enumerate(data.draw(st.lists(kev, max_size=6)))
    ]
    listed = [finding.to_json() for finding in sorted(some, key=worst_first)]
    plain: list[Any] = sorted((finding.to_json() for finding in some), key=key)
    assert listed == plain
    assert [decoding.finding(values) for values in plain] == sorted(some, key=worst_first)
