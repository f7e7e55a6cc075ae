"""What a snapshot did not read, it does not know: it neither keeps nor zeroes nor compares it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scanner.conftest import Storage
from tests.support.clock import NOW
from tests.support.simulated_inspector import simulated_inspector
from tests.support.sources import make_sources

from sre_findings.engine import aggregates
from sre_findings.model.resources.owners import OwnerRule, Owners
from sre_findings.model.snapshots.rollup import KINDS, Rollup
from sre_findings.model.snapshots.scan_plan import AcceptedGap, Expectation
from sre_findings.queries import ask
from sre_findings.questions.catalogue import Changes, CoverageGaps, Summary, Trend
from sre_findings.sources.sources import Sources
from sre_findings.store.records import rollups
from sre_findings.store.snapshots.reader import Commit
from sre_scanner.commit import count
from sre_simulator.fleet import default_fleet
from sre_simulator.fleet.cell import GeneratedCell
from sre_simulator.inspector.faults import Fault
from sre_simulator.inspector.server import Simulator

WHOLE = default_fleet(nights=4, now=NOW)
FLEET = replace(
    WHOLE,
    cells={
        key: GeneratedCell(cell.account, cell.region, cell.resources[:2], 1)
        for key, cell in WHOLE.cells.items()
        if isinstance(cell, GeneratedCell)
    },
)
READ, UNREAD = FLEET.regions[0], FLEET.regions[-1]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulated_inspector(FLEET) as one:
        yield one


def scanned(storage: Storage, simulator: Simulator, number: int, **request: Any) -> Commit:
    simulator.clock = FLEET.nights[number]
    return storage.scan(simulator, **{"required": ()} | request)


def sources(storage: Storage, folder: Path, commit: Commit) -> Sources:
    return make_sources(storage.snapshots, storage.table, folder, commit.ended_at)


def trend(of: Sources, kind: str, value: str) -> Any:
    return ask(Trend(90, kind, value), of)


def test_rollups_are_what_each_snapshot_contains(storage: Storage, simulator: Simulator) -> None:
    """Owners change while a region is denied, and a region is left out: no number remains."""
    moved = Owners(rules=(OwnerRule("a-new-team", ("*",)),))
    commits = [scanned(storage, simulator, 0)]
    simulator.faults.append(Fault("denied", "ListFindings", times=99, region=UNREAD))
    commits.append(scanned(storage, simulator, 1, owners=moved))
    simulator.faults.clear()
    commits.append(scanned(storage, simulator, 2, regions=(READ,)))
    commits.append(scanned(storage, simulator, 3))
    assert [one.state for one in commits] == ["complete", "partial", "partial", "complete"]
    for one in commits:
        counted = count(storage.snapshots, one)
        for kind in KINDS:
            stored = {s: r.stock for s, r in rollups.read_kind(storage.table, one, kind)}
            wanted = {s: r.stock for s, r in counted.rollups.items() if s.kind == kind}
            nothing = {s for s, r in stored.items() if r == Rollup()}
            assert {s: r for s, r in stored.items() if s not in nothing} == {
                s: r for s, r in wanted.items() if r != Rollup()
            }
            ages = {s: a for s, a in counted.ages.items() if s.kind == kind and a.buckets}
            assert dict(rollups.read_ages(storage.table, one, kind)) == ages


def test_a_region_that_was_read_before_and_is_not_planned_is_a_gap(
    storage: Storage, simulator: Simulator, tmp_path: Path
) -> None:
    first = scanned(storage, simulator, 0)
    second = scanned(storage, simulator, 1, regions=(READ,))
    third = scanned(storage, simulator, 2, regions=(READ,))
    assert second.state == third.state == "partial"
    wanted = ("*", UNREAD, "*", "*", "not_planned", first.started_at.isoformat())
    assert wanted in second.gaps
    assert wanted in third.gaps
    assert [one.region for one in second.causes if one.kind == "region_not_planned"] == [UNREAD]
    of = sources(storage, tmp_path, third)
    region = trend(of, "region", UNREAD)
    assert [day["snapshot_id"] for day in region.items] == [first.snapshot_id]
    days = [one.started_at.date().isoformat() for one in (second, third)]
    assert region.notes == [f"Not read on 2 days: {', '.join(days)}."]
    assert any("not planned; last read on" in text for text in region.proof.unread)
    assert {day["state"] for day in trend(of, "region", READ).items} == {"complete"}
    assert {day["state"] for day in trend(of, "account", FLEET.accounts[0]).items} >= {"partial"}
    cells = ask(CoverageGaps(), of).to_json()["cells"]
    assert {"last_read": first.started_at.isoformat()}.items() <= cells[0].items()
    (note,) = ask(Changes(as_of=third.snapshot_id), of).notes
    assert f"all accounts in {UNREAD} (last read on {wanted[5][:10]})" in note


def test_an_accepted_region_leaves_the_snapshot_complete_and_not_compared(
    storage: Storage, simulator: Simulator, tmp_path: Path
) -> None:
    scanned(storage, simulator, 0)
    accepted = (AcceptedGap("*", UNREAD, "security", "it is retired", "2099-12-31"),)
    second = scanned(
        storage, simulator, 1, regions=(READ,), expectation=Expectation(accepted=accepted)
    )
    assert second.state == "complete"
    assert [gap.region for gap in second.gaps if gap.state == "not_planned"] == [UNREAD]
    of = sources(storage, tmp_path, second)
    assert len(trend(of, "region", UNREAD).items) == 1
    headline = trend(of, "organization", "").headline
    assert "Not compared with" in headline
    assert f"{UNREAD} was not read" in headline


def test_the_numbers_of_a_partial_snapshot_add_up(
    storage: Storage, simulator: Simulator, tmp_path: Path
) -> None:
    scanned(storage, simulator, 0)
    simulator.faults.append(Fault("denied", "ListFindings", times=99, region=UNREAD))
    second = scanned(storage, simulator, 1)
    of = sources(storage, tmp_path, second)
    for by in ("region", "account", "owner", "type"):
        answer = ask(Summary(by), of)
        assert sum(one.rollup.counts.total for one in answer.groups) == answer.rollup.counts.total
        engine = of.open([second])
        every = {s.value: r for s, r in aggregates.rollups(engine).items() if s.kind == by}
        assert {one.value: one.rollup.stock for one in answer.groups} == {
            value: replace(rollup, flow={})
            for value, rollup in every.items()
            if rollup.stock != Rollup()
        }
