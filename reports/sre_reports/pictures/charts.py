"""The geometry of charts, as numbers and SVG path data.

Every chart starts at zero and stays inside its box of ``width`` by ``height``. None is a gap: it is
never drawn as zero, and no line bridges it. y grows downwards, as it does in SVG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

_LEAST = 1.0  # the shortest bar of a count above 0, so that it stays visible


class Point(NamedTuple):
    """A point in the box."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle by its upper left corner."""

    x: float
    y: float
    width: float
    height: float


class Segment(NamedTuple):
    """A segment of a bar: the index of its value, its start and its width."""

    place: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Area:
    """A line from left to right and the area below it, as path data.

    There is one piece for each run of known values. ``dots`` are known values between two gaps,
    which no line connects. ``last`` is the point of the newest known value, None if there is none.
    ``top`` is the value at the upper edge of the box.
    """

    lines: tuple[str, ...]
    fills: tuple[str, ...]
    dots: tuple[Point, ...]
    last: Point | None
    top: int


@dataclass(frozen=True, slots=True)
class UpDown:
    """Bars above ``axis`` for new findings and below it for resolved ones, on one scale.

    A number that is 0 or unknown has no bar. ``gaps`` are the slots of unknown days.
    """

    ups: tuple[Box, ...]
    downs: tuple[Box, ...]
    gaps: tuple[Box, ...]
    axis: float


def area(values: Sequence[int | None], width: float, height: float) -> Area:
    """Returns an area chart of counts, none of them negative.

    The highest value touches the upper edge.
    """
    top = max((value for value in values if value is not None), default=0)
    runs = list(_runs(values, width, height, top or 1))
    drawn = [run for run in runs if len(run) > 1]
    return Area(
        lines=tuple(_line(run) for run in drawn),
        fills=tuple(f"{_line(run)}V{_text(height)}H{_text(run[0].x)}Z" for run in drawn),
        dots=tuple(run[0] for run in runs if len(run) == 1),
        last=runs[-1][-1] if runs else None,
        top=top,
    )


def _runs(
    values: Sequence[int | None], width: float, height: float, top: int
) -> Iterator[list[Point]]:
    """Yields the points of known values, grouped into runs without a gap."""
    step = width / max(1, len(values) - 1)
    places = [
        None if value is None else Point(_cut(n * step), _cut(height * (1 - value / top)))
        for n, value in enumerate(values)
    ]
    for known, run in groupby(places, lambda place: place is not None):
        if known:
            yield [place for place in run if place is not None]


def up_down(
    opened: Sequence[int | None], resolved: Sequence[int | None], width: float, height: float
) -> UpDown:
    """Returns new and resolved counts, one slot per pair.

    Greater counts have longer bars, and 1 is always visible.
    """
    most_up, most_down = (
        max((value or 0 for value in values), default=0) for values in (opened, resolved)
    )
    scale = max(0.0, height - 2 * _LEAST) / max(1, most_up + most_down)
    axis = _cut(_length(most_up, scale) if most_up or most_down else height / 2)
    slot = width / max(1, len(opened))
    bar = _cut(slot * 0.7)
    pairs = [(_cut(n * slot), *pair) for n, pair in enumerate(zip(opened, resolved, strict=True))]
    return UpDown(
        ups=tuple(_up(Box(x, axis, bar, _length(up, scale))) for x, up, _ in pairs if up),
        downs=tuple(Box(x, axis, bar, _length(down, scale)) for x, _, down in pairs if down),
        gaps=tuple(
            Box(x, 0.0, _cut(slot), height) for x, up, down in pairs if up is None and down is None
        ),
        axis=axis,
    )


def _up(hanging: Box) -> Box:
    return hanging._replace(y=_cut(max(0.0, hanging.y - hanging.height)))


def _length(value: int, scale: float) -> float:
    return _cut(_LEAST + value * scale) if value else 0.0


def stack(values: Sequence[int], width: float, gap: float = 1.0) -> list[Segment]:
    """Returns one bar of segments with gaps between them, ``width`` wide in total.

    A value of 0 has no segment.
    """
    shown = [(place, value) for place, value in enumerate(values) if value]
    if not shown:
        return []
    room = max(0.0, width - gap * (len(shown) - 1))
    least = min(_LEAST * 2, room / len(shown))
    scale = (room - least * len(shown)) / sum(value for _, value in shown)
    segments, x = [], 0.0
    for place, value in shown:
        wide = least + value * scale
        segments.append(Segment(place, _cut(x), _cut(wide)))
        x += wide + gap
    return segments


def _line(run: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_text(place.x)},{_text(place.y)}" for place in run)


def _cut(value: float) -> float:
    """Rounds to hundredths, which are finer than any screen, to keep reports short."""
    return round(value, 2)


def _text(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
