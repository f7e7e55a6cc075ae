"""What a snapshot says of a region in each situation: the table of docs/architecture.md.

Each cell of the table is derived here from an answer of the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worlds.house import House, house
from tests.worlds.inspector import Inspector
from tests.worlds.world import ADMIN, Finding, Incident, Resource, World

from sre_findings.model.answers.answer import Proof
from sre_findings.model.answers.gate import Gate
from sre_findings.model.findings.severity import Severity
from sre_findings.model.snapshots.states import PARTIAL
from sre_findings.queries import ask
from sre_findings.questions.catalogue import (
    CACHED,
    Changes,
    CoverageGaps,
    Filters,
    FindingList,
    Sla,
    Summary,
    Trend,
    Vulnerabilities,
)
from sre_findings.sources.sources import Sources

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
HERE, THERE, MEMBER = "eu-west-1", "us-east-1", "222222222222"
HOST = Resource("r1", account=MEMBER, region=THERE)
PLACE = (THERE, MEMBER)
SITUATIONS = {
    "read": (),
    "access denied": (Incident(1, "denied", (THERE,), "ListFindings"),),
    "only the findings were read": (Incident(1, "denied", (THERE,), "ListCoverage"),),
    "the account's status is unknown": (Incident(1, "unnamed", PLACE, "silent"),),
    "the account is suspended": (Incident(1, "suspended", PLACE),),
    "the scan type is switched off": (Incident(1, "off", PLACE, "ec2"),),
    "the region was not planned": (Incident(1, "unplanned", (THERE,)),),
    "never read": (Incident(0, "denied", (THERE,), "ListFindings"),),
}


def world(*incidents: Incident) -> World:
    """Two regions with a host each. The one in question has a finding."""
    return World(
        (Resource("r0", account=ADMIN, region=HERE), HOST),
        (Finding("f0", ("r1",), "HIGH"),),
        incidents,
        nights=2,
    )


@pytest.fixture(scope="module", params=SITUATIONS)
def situation(request: pytest.FixtureRequest) -> Iterator[tuple[str, Sources]]:
    """A situation on the second night, and what is said afterwards."""
    planned = world(*SITUATIONS[request.param])
    with house() as home:
        for night in range(planned.nights):
            _scanned(home, planned, night)
        yield request.param, home.sources()


def _scanned(home: House, planned: World, night: int) -> None:
    assert home.scan(planned, Inspector(planned, night)) is not None


def row(sources: Sources) -> list[str]:
    """The cells of a situation, from the product's answers."""
    return [
        _verdict(sources),
        _list(sources),
        _gate(sources),
        _summary(sources),
        _trend(sources),
        _sla(sources),
        _changes(sources),
        _last_read(sources),
    ]


def _verdict(sources: Sources) -> str:
    verdict = ask(Vulnerabilities(HOST.id, source=CACHED), sources).verdict
    return (
        f"{verdict.verdict}, but {verdict.doubt}"
        if verdict.doubt
        else (
            verdict.verdict
            if verdict.verdict == "vulnerable"
            else f"{verdict.verdict}: {verdict.reason}"
        )
    )


def _list(sources: Sources) -> str:
    answer = ask(FindingList(filters=Filters(regions=(THERE,))), sources)
    if not answer.known:
        return "unknown"
    return f"at least {answer.total}" if answer.proof.unread else str(answer.total)


def _gate(sources: Sources) -> str:
    return (
        Gate(Severity.CRITICAL)
        .decide(ask(Vulnerabilities(HOST.id, source=CACHED), sources))
        .outcome
    )


def _summary(sources: Sources) -> str:
    answer = ask(Summary("region"), sources)
    totals = [one.rollup.counts.total for one in answer.groups if one.value == THERE]
    return _bound(totals[0], answer.proof) if totals else "no row"


def _bound(total: int, proof: Proof) -> str:
    return f"at least {total}" if proof.state == PARTIAL else str(total)


def _trend(sources: Sources) -> str:
    answer = ask(Trend(90, "region", THERE), sources)
    newest = ask(Trend(90), sources).items[-1]["date"]
    today = [day for day in answer.items if day["date"] == newest]
    if not today:
        assert any(note.startswith("Not read on") for note in answer.notes) or not answer.known
        return "no point"
    return (
        str(today[0]["total"])
        if today[0]["state"] == "complete"
        else f"at least {today[0]['total']}"
    )


def _sla(sources: Sources) -> str:
    answer = ask(Sla(by="region"), sources)
    totals = [
        one["late"] + one["due_this_week"] + one["later"] + one["no_deadline"]
        for one in answer.items
        if one.get("region") == THERE
    ]
    return _bound(totals[0], answer.proof) if totals else "no row"


def _changes(sources: Sources) -> str:
    answer = ask(Changes(as_of=_newest(sources)), sources)
    gone = [one for one in answer.items if one["kind"] == "resolved" and one["region"] == THERE]
    if not gone and any(THERE in note for note in answer.notes):
        return "unknown"
    return f"resolved: {gone[0]['cause']}" if gone else "none"


def _newest(sources: Sources) -> str:
    latest = sources.stores.snapshots.latest()
    assert latest is not None
    return latest.snapshot_id


def _last_read(sources: Sources) -> str:
    commits = sources.stores.snapshots.commits()
    gaps = [one for one in ask(CoverageGaps(), sources).cells if one.region == THERE]
    if not gaps:
        return "now"
    first = commits[0].started_at.isoformat()
    return {first: "the snapshot before", "never": "never"}[gaps[0].last_read]


def documented() -> dict[str, list[str]]:
    """The table of the document, by situation."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("### What a snapshot knows")[2]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return {cells[0]: cells[1:] for cells in rows[: len(SITUATIONS)]}


def test_the_table_has_every_situation() -> None:
    assert list(documented()) == list(SITUATIONS)


def test_every_client_says_what_the_table_says(situation: tuple[str, Sources]) -> None:
    name, sources = situation
    assert row(sources) == documented()[name]
