"""Tables fitted to the terminal: ids are never cut, other columns shrink, and some are dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_cli.render.terminal import cut, padded, printable, styled, width

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    With a ``floor`` it may shrink to that many cells; without one its cells are never cut. ``drop``
    is the order in which columns are dropped if the table does not fit, lowest first; a column with
    None is never dropped. ``style`` is the name of a terminal style, or a function from a cell's
    text to one.
    """

    title: str
    floor: int | None = None
    drop: int | None = None
    right: bool = False
    style: str | Callable[[str], str] = ""


Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """The columns that are shown, as indices, and the width of each in cells."""

    places: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def total(self) -> int:
        """The width of a line in cells."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)


def fit(columns: Sequence[Column], rows: Sequence[Row], room: int | None) -> Fit:
    """Returns the columns and widths that fit into ``room`` cells; None means no limit.

    Columns that can be dropped and are empty are dropped first. Then columns with a floor shrink.
    If that is not enough, columns are dropped one by one, each time with the others back at full
    width. If the rest is still too wide, so is the table: an id is never cut.
    """
    natural = [
        max([width(column.title), *(width(row[n]) for row in rows)])
        for n, column in enumerate(columns)
    ]
    places = [
        n for n, column in enumerate(columns) if column.drop is None or any(row[n] for row in rows)
    ]
    droppable = sorted(
        (n for n in places if columns[n].drop is not None), key=lambda n: columns[n].drop or 0
    )
    while True:
        widths = _shrunk([columns[n] for n in places], [natural[n] for n in places], room)
        found = Fit(tuple(places), tuple(widths))
        if room is None or found.total <= room or not droppable:
            return found
        places.remove(droppable.pop(0))


def _shrunk(columns: Sequence[Column], widths: list[int], room: int | None) -> list[int]:
    """Returns the widths after shrinking.

    The widest column that is still above its floor shrinks until the table fits.
    """
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
    """Returns a line of titles and one line for each row. Makes every value printable."""
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
