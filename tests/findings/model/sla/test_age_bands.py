"""Age bands: the counts add up, overdue counts match the SLA, and no due date splits a band."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.sla.age_bands import Band, Square, age_grid, bands
from sre_findings.model.sla.ages import Ages, Bucket, bucketed, lateness
from sre_findings.model.sla.policy import DEFAULT, Policy

TODAY = date(2026, 11, 22)
# Close together, so that both sides of a due date occur; some are in the future, as with clocks
# that are wrong.
DAYS = st.dates(date(2026, 9, 1), date(2026, 12, 10))
POLICIES = st.builds(Policy, st.tuples(*[st.none() | st.integers(0, 60)] * 6), st.integers(0, 20))


def ages(kev: st.SearchStrategy[date | None]) -> st.SearchStrategy[Ages]:
    one = st.builds(
        lambda rank, opened, due: Bucket(rank, opened.isoformat(), due.isoformat() if due else ""),
        st.integers(0, 6),
        DAYS,
        kev,
    )
    return st.lists(st.tuples(one, st.integers(1, 9)), max_size=30).map(bucketed)


@given(ages(st.none() | DAYS), POLICIES, DAYS)
def test_the_squares_add_up_to_the_lateness_of_the_same(
    held: Ages, policy: Policy, today: date
) -> None:
    grid, told = age_grid(held, policy, today), lateness(held, policy, today)
    assert sum(square.findings for row in grid.rows.values() for square in row) == sum(
        held.buckets.values()
    )
    assert sum(square.late for row in grid.rows.values() for square in row) == told.late
    for rank, row in grid.rows.items():
        assert sum(square.late for square in row) == told.late_by_rank[rank]
        assert (
            sum(square.findings for square in row)
            == sum(n for one, n in held.buckets.items() if one.rank == rank)
            > 0
        )
        assert all(0 <= square.late <= square.findings for square in row)
        assert len(row) == len(grid.bands)
    assert list(grid.rows) == sorted(grid.rows), "the worst first"


@given(ages(st.none()), POLICIES, DAYS)
def test_without_kev_no_square_mixes_late_and_in_time(
    held: Ages, policy: Policy, today: date
) -> None:
    squares = [square for row in age_grid(held, policy, today).rows.values() for square in row]
    assert all(square.late in (0, square.findings) for square in squares)


@given(POLICIES)
def test_every_day_is_in_one_band_and_the_bands_are_in_order(policy: Policy) -> None:
    known = bands(policy)
    assert known[0].first == 0
    assert known[-1].last is None
    for one, after in pairwise(known):
        assert one.last is not None
        assert one.first <= one.last
        assert after.first == one.last + 1


def test_the_bands_are_those_of_the_policy() -> None:
    assert bands(DEFAULT) == (
        Band(0, 15),
        Band(16, 30),
        Band(31, 90),
        Band(91, 180),
        Band(181, None),
    )
    assert bands(Policy((None,) * 6)) == (Band(0, None),)
    assert bands(Policy((0, 0, 1, None, None, None))) == (Band(0, 0), Band(1, 1), Band(2, None))


@pytest.mark.parametrize(
    ("days", "row"), [(15, (Square(2, 0), Square(0, 0))), (16, (Square(0, 0), Square(2, 2)))]
)
def test_the_last_day_of_a_band_is_in_time_and_the_first_of_the_next_is_late(
    days: int, row: tuple[Square, Square]
) -> None:
    held = Ages({Bucket(0, (TODAY - timedelta(days)).isoformat()): 2})
    assert age_grid(held, DEFAULT, TODAY).rows[0][:2] == row


def test_what_cisa_dates_is_late_by_cisas_date_and_stays_in_its_band() -> None:
    opened = (TODAY - timedelta(3)).isoformat()
    held = Ages({Bucket(1, opened, (TODAY - timedelta(1)).isoformat()): 2, Bucket(1, opened): 5})
    assert age_grid(held, DEFAULT, TODAY).rows == {1: (Square(7, 2), *[Square(0, 0)] * 4)}


def test_what_opened_after_today_is_in_the_youngest_band() -> None:
    held = Ages({Bucket(0, (TODAY + timedelta(2)).isoformat()): 1})
    assert age_grid(held, DEFAULT, TODAY).rows[0][0] == Square(1, 0)


def test_nothing_has_no_rows() -> None:
    assert age_grid(Ages(), DEFAULT, TODAY).rows == {}
