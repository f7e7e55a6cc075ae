"""Charts start at zero, stay inside their box, are monotonic, and show unknown values as gaps."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.pictures.charts import (
    Box,
    Point,
    area,
    stack,
    up_down,
)

WIDTH, HEIGHT, SLACK = 400, 120, 0.02
COUNTS = st.integers(0, 100_000)
NIGHTS = st.lists(st.none() | COUNTS, max_size=90)
PAIRS = st.lists(st.none() | st.tuples(COUNTS, COUNTS), max_size=90)


def places(path: str) -> list[Point]:
    return [Point(float(x), float(y)) for x, y in re.findall(r"([\d.]+),([\d.]+)", path)]


def inside(box: Box) -> bool:
    across = box.x >= -SLACK and box.x + box.width <= WIDTH + SLACK
    return across and box.y >= -SLACK and box.y + box.height <= HEIGHT + SLACK


@given(NIGHTS)
def test_every_known_value_is_drawn_at_its_height(
    values: list[int | None],
) -> None:
    drawn = area(values, WIDTH, HEIGHT)
    found = sorted([place for line in drawn.lines for place in places(line)] + list(drawn.dots))
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    assert len(found) == len(known)
    for place, (n, value) in zip(found, known, strict=True):
        assert place.x == pytest.approx(n * WIDTH / max(1, len(values) - 1), abs=SLACK)
        assert HEIGHT - place.y == pytest.approx(value / (drawn.top or 1) * HEIGHT, abs=SLACK)
    assert drawn.last == (found[-1] if found else None)


@given(NIGHTS)
def test_no_line_crosses_a_missing_day(values: list[int | None]) -> None:
    drawn = area(values, WIDTH, HEIGHT)
    step = WIDTH / max(1, len(values) - 1)
    for line in drawn.lines:
        for one, other in pairwise(places(line)):
            assert other.x - one.x == pytest.approx(step, abs=SLACK)
    known = "".join("x" if value is not None else " " for value in values).split()
    assert (len(drawn.lines), len(drawn.dots)) == (
        sum(len(run) > 1 for run in known),
        known.count("x"),
    )


@given(NIGHTS)
def test_the_area_is_filled_down_to_zero(values: list[int | None]) -> None:
    drawn = area(values, WIDTH, HEIGHT)
    for line, fill in zip(drawn.lines, drawn.fills, strict=True):
        assert fill.startswith(line)
        down, back = fill.removeprefix(line).removesuffix("Z").split("H")
        assert (down, float(back)) == (f"V{HEIGHT}", places(line)[0].x)


@given(PAIRS)
def test_bars_stay_in_their_box_and_start_at_the_axis(nights: list[tuple[int, int] | None]) -> None:
    drawn = up_down([n and n[0] for n in nights], [n and n[1] for n in nights], WIDTH, HEIGHT)
    assert all(inside(box) for box in (*drawn.ups, *drawn.downs, *drawn.gaps))
    assert all(box.y + box.height == pytest.approx(drawn.axis, abs=SLACK) for box in drawn.ups)
    assert all(box.y == drawn.axis for box in drawn.downs)


@given(PAIRS)
def test_more_is_a_longer_bar_and_zero_has_no_bar(
    nights: list[tuple[int, int] | None],
) -> None:
    came, went = [n and n[0] for n in nights], [n and n[1] for n in nights]
    drawn = up_down(came, went, WIDTH, HEIGHT)
    values = [value for value in came if value] + [value for value in went if value]
    lengths = [box.height for box in (*drawn.ups, *drawn.downs)]
    assert len(lengths) == len(values)
    assert all(length >= 1 for length in lengths)
    by_value = [length for _, length in sorted(zip(values, lengths, strict=True))]
    assert all(one <= other + SLACK for one, other in pairwise(by_value))
    assert len(drawn.gaps) == nights.count(None)


@given(st.lists(COUNTS, min_size=1, max_size=7))
def test_a_stacked_bar_fills_its_width_in_order(values: list[int]) -> None:
    pieces = stack(values, WIDTH, 2)
    assert [piece.place for piece in pieces] == [
        place for place, value in enumerate(values) if value
    ]
    assert all(
        other.x == pytest.approx(one.x + one.width + 2, abs=SLACK)
        for one, other in pairwise(pieces)
    )
    assert not pieces or pieces[0].x == 0
    assert not pieces or pieces[-1].x + pieces[-1].width == pytest.approx(WIDTH, abs=SLACK)


@given(st.lists(st.integers(1, 100_000), min_size=2, max_size=7))
def test_segments_grow_with_counts_and_stay_visible(values: list[int]) -> None:
    widths = [piece.width for _, piece in sorted(zip(values, stack(values, WIDTH), strict=True))]
    assert all(one <= other + SLACK for one, other in pairwise(widths))
    assert min(widths) >= 2


@pytest.mark.parametrize("values", [[], [None, None], [0], [0, 0]])
def test_empty_input_draws_nothing(values: list[int | None]) -> None:
    assert area(values, WIDTH, HEIGHT).top == 0
    assert up_down(values, values, WIDTH, HEIGHT).ups == ()
    assert stack([value or 0 for value in values], WIDTH) == []


def test_a_bar_too_narrow_for_its_segments_shows_them_all() -> None:
    pieces = stack([1, 1, 1], 3, 1)
    assert [piece.place for piece in pieces] == [0, 1, 2]
    assert pieces[-1].x + pieces[-1].width == pytest.approx(3, abs=SLACK)
