from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sre_findings.store.records.slots import normal, record_end
from sre_findings.store.urls import open_table
from sre_schedules.schedule_file import load
from sre_schedules.slots import Ended, Slots

NOW = datetime(2026, 11, 30, 1, 20, tzinfo=UTC)
FIRE = datetime(2026, 11, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("scan/2026-11-30T01:00:00Z", "scan/2026-11-30T01:00Z"),
        ("scan/2026-11-30T02:00:00+01:00", "scan/2026-11-30T01:00Z"),
        ("scan/2026-11-30T01:00Z", "scan/2026-11-30T01:00Z"),
        ("scan/2026-11-30T01:00", "scan/2026-11-30T01:00"),
        ("by-hand", "by-hand"),
        ("2026-11-30T01:00:00Z", "2026-11-30T01:00:00Z"),
        ("", ""),
    ],
)
def test_a_slot_has_one_name_whoever_writes_it(said: str, meant: str) -> None:
    assert normal(said) == meant


@pytest.mark.parametrize("done", [True, False])
def test_what_follows_a_scan_finds_how_it_ended(tmp_path: Path, done: bool) -> None:
    table = open_table(f"sqlite:///{tmp_path}/table.db")
    [scan] = [one for one in load(None, NOW) if one.name == "scan"]
    slots = Slots(table, "test")
    assert slots.state(scan, FIRE) is None
    record_end(table, "scan/2026-11-30T01:00Z", NOW, done=done, detail="how it went")
    assert slots.state(scan, FIRE) == Ended(done, "how it went")
    assert slots.take(scan, FIRE, NOW) == Ended(done, "how it went")


def test_a_scan_that_was_repeated_counts_as_it_ended_last(tmp_path: Path) -> None:
    table = open_table(f"sqlite:///{tmp_path}/table.db")
    [scan] = [one for one in load(None, NOW) if one.name == "scan"]
    record_end(table, "scan/2026-11-30T01:00Z", NOW, done=False, detail="throttled")
    record_end(table, "scan/2026-11-30T01:00Z", NOW, done=True, detail="n1")
    assert Slots(table, "test").state(scan, FIRE) == Ended(True, "n1")


def test_what_is_no_slot_of_a_schedule_is_not_recorded(tmp_path: Path) -> None:
    table = open_table(f"sqlite:///{tmp_path}/table.db")
    record_end(table, "by-hand", NOW, done=True, detail="n1")
    assert not list(table.query("slot#by-hand"))
    assert not list(table.query("slot#"))
