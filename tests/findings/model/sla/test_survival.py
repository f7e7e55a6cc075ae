"""Time to remediate, compared with textbook data, a naive implementation and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.sla.survival import TimeToFix, survival, time_to_fix

Rows = list[tuple[int, int, int]]
ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4), st.integers(0, 4)), max_size=12)
DAYS = st.lists(st.integers(0, 40), min_size=1, max_size=60)

# Weeks in remission; + means still in remission when last seen. Freireich et al., Blood 21 (1963),
# 699-716.
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
# Months without relapse of acute myelogenous leukaemia. Miller, Survival Analysis (1981): R's
# survival::aml.
AML_MAINTAINED = "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"
AML_NOT_MAINTAINED = "5 5 8 8 12 16+ 23 27 30 33 43 45"


def rows(text: str) -> Rows:
    return [(int(one.strip("+")), "+" not in one, "+" in one) for one in text.split()]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (SIX_MP, TimeToFix(23, None, 9, 12)),
        (PLACEBO, TimeToFix(8, 17, 21, 0)),
        (AML_MAINTAINED, TimeToFix(31, None, 7, 4)),
        (AML_NOT_MAINTAINED, TimeToFix(23, 43, 11, 1)),
    ],
)
def test_textbook_data_give_the_textbooks_medians(text: str, answer: TimeToFix) -> None:
    assert time_to_fix(rows(text)) == answer


def naive(observed: Sequence[tuple[int, int, int]], one_in: int) -> int | None:
    """The Kaplan–Meier estimate computed finding by finding from its definition."""
    watched = [(day, True) for day, n, _ in observed for _ in range(n)]
    watched += [(day, False) for day, _, n in observed for _ in range(n)]
    share = Fraction(1)
    for day in sorted({day for day, patched in watched if patched}):
        there = sum(last >= day for last, _ in watched)
        share *= 1 - Fraction(sum(last == day and patched for last, patched in watched), there)
        if share <= Fraction(1, one_in):
            return day
    return None


@given(ROWS)
def test_the_estimate_is_the_definitions(observed: Rows) -> None:
    answer = time_to_fix(observed)
    assert (answer.median_days, answer.p90_days) == (naive(observed, 2), naive(observed, 10))
    assert (answer.patched, answer.unpatched) == (
        sum(n for _, n, _ in observed),
        sum(n for _, _, n in observed),
    )


@given(DAYS)
def test_where_all_are_patched_it_is_the_plain_quantile(days: list[int]) -> None:
    answer, ordered = time_to_fix((day, 1, 0) for day in days), sorted(days)
    assert answer.median_days == ordered[ceil(len(days) / 2) - 1]
    assert answer.p90_days == ordered[ceil(len(days) * 9 / 10) - 1]


@given(ROWS, st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order_and_in_any_pieces(observed: Rows, chance: Random) -> None:
    pieces = [(day, 1, 0) for day, n, _ in observed for _ in range(n)] + [
        (day, 0, 1) for day, _, n in observed for _ in range(n)
    ]
    chance.shuffle(pieces)
    assert time_to_fix(pieces) == time_to_fix(observed)


def at_least(answer: TimeToFix, other: TimeToFix) -> bool:
    """Whether an answer's times are at least as long. A time not reached is the longest."""
    pairs = ((answer.median_days, other.median_days), (answer.p90_days, other.p90_days))
    return all((inf if one is None else one) >= (inf if two is None else two) for one, two in pairs)


@given(ROWS, st.integers(0, 12), st.integers(1, 20))
def test_more_findings_left_open_never_shorten_the_time_to_fix(
    observed: Rows, day: int, count: int
) -> None:
    assert at_least(time_to_fix([*observed, (day, 0, count)]), time_to_fix(observed))


@given(ROWS.filter(lambda observed: any(n for _, n, _ in observed)), st.data())
def test_a_patch_that_did_not_happen_never_shortens_the_time_to_fix(
    observed: Rows, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from([i for i, (_, n, _) in enumerate(observed) if n]))
    day, patched, unpatched = observed[place]
    changed = [*observed[:place], (day, patched - 1, unpatched + 1), *observed[place + 1 :]]
    assert at_least(time_to_fix(changed), time_to_fix(observed))


@given(ROWS)
def test_half_are_patched_before_nine_of_ten_are(observed: Rows) -> None:
    answer = time_to_fix(observed)
    assert answer.p90_days is None or (
        answer.median_days is not None and answer.median_days <= answer.p90_days
    )


@pytest.mark.parametrize("observed", [[], [(3, 0, 0)], [(3, 0, 5)]])
def test_where_nothing_was_patched_nothing_is_reached(observed: Rows) -> None:
    answer = time_to_fix(observed)
    assert answer.to_json() == {
        "median_days": None,
        "p90_days": None,
        "patched": 0,
        "unpatched": sum(n for _, _, n in observed),
    }


def test_who_is_last_seen_unpatched_on_a_day_was_there_to_be_patched_on_it() -> None:
    assert time_to_fix([(5, 1, 1)]) == TimeToFix(5, None, 1, 1)


@pytest.mark.parametrize("half", range(1, 60))
def test_exactly_half_is_half_however_many_days_it_took(half: int) -> None:
    # a product of floats misses one half in the last digit
    daily = [(day, 1, 0) for day in range(1, half + 1)]
    assert time_to_fix([*daily, (1000, 0, half)]).median_days == half
    assert time_to_fix([*daily, (1000, 0, half + 1)]).median_days is None


def test_a_million_findings_over_five_years_are_estimated_at_once() -> None:
    observed = [(day, 300, 250) for day in range(1825)]
    answer = time_to_fix(observed)
    assert answer.patched + answer.unpatched == 1825 * 550
    assert answer.median_days is not None
    assert answer.p90_days is not None


def test_the_curve_of_the_textbook_is_the_textbooks() -> None:
    """Freireich's 6-MP group with the numbers at risk, as printed in textbooks."""
    curve = {
        step.day: (step.watched, round(step.share, 3))
        for step in survival(rows(SIX_MP))
        if step.patched
    }
    assert curve == {
        6: (21, 0.857),
        7: (17, 0.807),
        10: (15, 0.753),
        13: (12, 0.690),
        16: (11, 0.627),
        22: (7, 0.538),
        23: (6, 0.448),
    }


@given(ROWS)
def test_the_curve_falls_from_one_and_ends_with_everybody_accounted_for(observed: Rows) -> None:
    steps = survival(observed)
    shares = [1.0, *(step.share for step in steps)]
    assert shares == sorted(shares, reverse=True)
    assert [step.day for step in steps] == sorted(
        {step.day for step in steps} | ({0} if observed else set())
    )
    for step, after in pairwise(steps):
        assert after.watched == step.watched - step.patched - step.unpatched
    total = sum(step.patched + step.unpatched for step in steps)
    assert total == (steps[0].watched if steps else 0) == sum(n + m for _, n, m in observed)


@given(ROWS)
def test_the_median_is_where_the_curve_says(observed: Rows) -> None:
    reached = [step.day for step in survival(observed) if step.share <= 0.5]
    assert time_to_fix(observed).median_days == (reached[0] if reached else None)
