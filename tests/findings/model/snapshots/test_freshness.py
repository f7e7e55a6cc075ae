from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.snapshots.freshness import Freshness, freshness

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Night:
    snapshot_id: str
    started_at: datetime
    state: str


def nights(*states: str) -> list[Night]:
    """One snapshot a day at 01:00, the last one today."""
    first = NOW.replace(hour=1) - timedelta(days=len(states) - 1)
    return [
        Night(f"n{number}", first + timedelta(days=number), state)
        for number, state in enumerate(states)
    ]


def test_the_age_is_of_the_newest_complete_snapshot() -> None:
    assert freshness(nights("complete", "complete"), NOW) == Freshness(5.0, "n1", 0)
    assert freshness(nights("complete", "partial"), NOW) == Freshness(29.0, "n0", 1)


def test_without_a_complete_snapshot_there_is_no_age() -> None:
    assert freshness([], NOW) == Freshness(None, None, 0)
    assert freshness(nights("partial", "partial"), NOW) == Freshness(None, None, 2)


def test_a_night_with_a_complete_snapshot_is_no_partial_one() -> None:
    complete, again = nights("complete")[0], Night("again", NOW, "partial")
    assert freshness([complete, again], NOW).partial_nights == 0


def test_a_snapshot_of_a_clock_that_is_a_little_ahead_is_no_hours_old() -> None:
    assert freshness([Night("ahead", NOW + timedelta(minutes=5), "complete")], NOW).hours == 0.0


@given(st.timedeltas(timedelta(minutes=5, microseconds=1), timedelta(days=3000)))
def test_a_snapshot_from_the_future_hides_no_age(ahead: timedelta) -> None:
    future = Night("future", NOW + ahead, "complete")
    assert freshness([future], NOW) == Freshness(None, None, 0)
    assert freshness([*nights("complete", "partial"), future], NOW) == Freshness(29.0, "n0", 1)


@given(st.lists(st.sampled_from(["complete", "partial"]), max_size=12))
def test_partial_nights_are_those_after_the_last_complete_one(states: list[str]) -> None:
    after = (
        len(states)
        - 1
        - max((n for n, state in enumerate(states) if state == "complete"), default=-1)
    )
    assert freshness(nights(*states), NOW).partial_nights == after
