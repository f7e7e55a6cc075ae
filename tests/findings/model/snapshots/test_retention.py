from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.snapshots.retention import Keep, fates

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Night:
    sequence: int
    snapshot_id: str
    started_at: datetime
    state: str


@st.composite
def histories(draw: st.DrawFn) -> list[Night]:
    hours = sorted(draw(st.lists(st.integers(0, 24 * 900), max_size=60)))
    states = draw(
        st.lists(
            st.sampled_from(["complete", "complete", "partial"]),
            min_size=len(hours),
            max_size=len(hours),
        )
    )
    return [
        Night(n, f"s{n}", FIRST + timedelta(hours=h), state)
        for n, (h, state) in enumerate(zip(hours, states, strict=True), 1)
    ]


keeps = st.builds(Keep, st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
helds = st.sets(st.integers(1, 60).map("s{}".format))


@given(histories(), keeps, helds)
def test_what_nothing_replaces_is_kept_and_everything_has_one_fate(
    nights: list[Night], keep: Keep, held: set[str]
) -> None:
    found = {one.snapshot_id: one.kept for one in fates(nights, keep, held)}
    assert list(found) == [one.snapshot_id for one in nights]
    complete = [one for one in nights if one.state == "complete"]
    never_pruned = {one.snapshot_id for one in [*nights[-1:], *complete[-1:]]} | (
        held & found.keys()
    )
    assert all(found[one] for one in never_pruned)


@given(histories(), keeps)
def test_each_of_the_newest_days_weeks_and_months_keeps_its_newest_complete_night(
    nights: list[Night], keep: Keep
) -> None:
    kept = {one.snapshot_id for one in fates(nights, keep) if one.kept}
    complete = [one for one in nights if one.state == "complete"]
    for form, count in (("%G-%V", keep.weekly), ("%Y-%m", keep.monthly)):
        last = {one.started_at.strftime(form): one.snapshot_id for one in complete}
        assert {last[key] for key in sorted(last)[len(last) - count :]} <= kept
    last = {}
    for one in nights:
        day = one.started_at.date()
        if one.state == "complete" or not any(other.started_at.date() == day for other in complete):
            last[day.isoformat()] = one.snapshot_id
    assert {last[key] for key in sorted(last)[len(last) - keep.nightly :]} <= kept


@given(histories(), keeps)
def test_pruning_twice_removes_no_more(nights: list[Night], keep: Keep) -> None:
    kept = {one.snapshot_id for one in fates(nights, keep) if one.kept}
    rest = [one for one in nights if one.snapshot_id in kept]
    assert all(one.kept for one in fates(rest, keep))


@given(histories(), keeps)
def test_no_more_is_kept_than_was_asked_for_and_the_newest_two(
    nights: list[Night], keep: Keep
) -> None:
    assert (
        sum(one.kept for one in fates(nights, keep))
        <= keep.nightly + keep.weekly + keep.monthly + 2
    )
