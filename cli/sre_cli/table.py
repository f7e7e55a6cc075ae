"""Tables that never cut what names a thing: ids keep their full width, other columns shrink, and
some go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_cli.terminal import cut, padded, printable, styled, width

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column. With a ``floor`` it may shrink to so many cells; without one its cells are never
    cut.

    ``drop`` gives the order in which columns go when the rest does not fit, the lowest first; None
    stays always. ``style`` is a style of the terminal for the column, or a function of the cell's
    text.
    """

    title: str
    floor: int | None = None
    drop: int | None = None
    right: bool = False
    style: str | Callable[[str], str] = ""


Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits: the places of the columns that stay, and the width of each."""

    places: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def total(self) -> int:
        """The width of a line."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)


def fit(columns: Sequence[Column], rows: Sequence[Row], room: int | None) -> Fit:
    """The columns and widths for ``room`` cells; None means that there is no limit.

    Optional columns without a single cell go at once. Then flexible columns shrink, then optional
    ones go one by one, each time with the rest at its full width again. When all that may go is
    gone, the table is wider than the room: rather that than half an id.
    """
    natural = [
        max([width(column.title), *(width(row[n]) for row in rows)])
        for n, column in enumerate(columns)
    ]
    places = [
        n for n, column in enumerate(columns) if column.drop is None or any(row[n] for row in rows)
    ]
    going = sorted(
        (n for n in places if columns[n].drop is not None), key=lambda n: columns[n].drop or 0
    )
    while True:
        widths = _shrunk([columns[n] for n in places], [natural[n] for n in places], room)
        found = Fit(tuple(places), tuple(widths))
        if room is None or found.total <= room or not going:
            return found
        places.remove(going.pop(0))


def _shrunk(columns: Sequence[Column], widths: list[int], room: int | None) -> list[int]:
    """Takes what is too much from the flexible column that is widest, cell by cell, down to the
    floors."""
    excess = 0 if room is None else sum(widths) + GAP * (len(widths) - 1) - room
    floors = [
        own if column.floor is None else min(own, column.floor)
        for column, own in zip(columns, widths, strict=True)
    ]
    widths = list(widths)
    while excess > 0:
        above = [n for n, floor in enumerate(floors) if widths[n] > floor]
        if not above:
            break
        widest = max(above, key=lambda n: widths[n])
        second = max(
            [
                floors[widest],
                *(widths[n] for n in above if n != widest and widths[n] < widths[widest]),
            ]
        )
        step = max(1, min(excess, widths[widest] - max(second, floors[widest])))
        widths[widest] -= step
        excess -= step
    return widths


def lines(
    columns: Sequence[Column], rows: Sequence[Row], room: int | None, colour: int
) -> list[str]:
    """The table: a line of titles and a line a row. Every value is made printable here, whoever
    wrote it."""
    clean = [tuple(printable(cell) for cell in row) for row in rows]
    fitted = fit(columns, clean, room)
    shown = [columns[n] for n in fitted.places]
    titles = [_cell(one.title, one, size) for one, size in zip(shown, fitted.widths, strict=True)]
    head = styled((" " * GAP).join(titles).rstrip(), "muted", colour)
    return [head, *(_line(row, shown, fitted, colour) for row in clean)]


def _line(row: Row, shown: Sequence[Column], fitted: Fit, colour: int) -> str:
    cells = []
    for place, column, size in zip(fitted.places, shown, fitted.widths, strict=True):
        style = column.style if isinstance(column.style, str) else column.style(row[place])
        cells.append(styled(_cell(row[place], column, size), style, colour))
    return (" " * GAP).join(cells).rstrip()


def _cell(text: str, column: Column, size: int) -> str:
    return padded(cut(text, size), size, right=column.right)
