"""Tables fitted to the terminal: ids are never cut, other columns shrink, and some are dropped.

A line below a table names the columns that were dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sre_cli.render.terminal import cut, padded, printable, styled, width
from sre_cli.render.wrapping import wrapped

GAP = 2
_INDENT = "   "


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    With a ``floor`` it may shrink to that many cells; without one its cells are never cut. If the
    table does not fit, a column of ids that is ``below`` gets a line of its own under each row.
    ``drop`` is the order in which columns are dropped if that is not enough, lowest first; a column
    with None is never dropped. ``style`` is the name of a terminal style, or a function from a
    cell's text to one.
    """

    title: str
    floor: int | None = None
    drop: int | None = None
    right: bool = False
    style: str | Callable[[str], str] = ""
    below: bool = False


Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """The columns that are shown, as indices, and the width of each in cells.

    ``below`` are the columns with lines of their own, ``dropped`` those that are not shown.
    """

    places: tuple[int, ...]
    widths: tuple[int, ...]
    below: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """The width of a line in cells."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)


def fit(columns: Sequence[Column], rows: Sequence[Row], room: int | None) -> Fit:
    """Returns the columns and widths that fit into ``room`` cells; None means no limit.

    Columns that can be dropped and are empty are left out first. Then columns with a floor shrink.
    If that is not enough, ids move below their rows, and then columns are dropped one by one, each
    time with the others back at full width. If the rest is still too wide, so is the table: an id
    is never cut.
    """
    natural = [
        max([width(column.title), *(width(row[n]) for row in rows)])
        for n, column in enumerate(columns)
    ]
    places = [
        n for n, column in enumerate(columns) if column.drop is None or any(row[n] for row in rows)
    ]
    below, dropped = list[int](), list[int]()
    leaving = [(n, below) for n in places if columns[n].below] + [
        (n, dropped) for n in sorted(places, key=lambda n: columns[n].drop or 0)
        if columns[n].drop is not None
    ]  # fmt: skip
    while True:
        widths = _shrunk([columns[n] for n in places], [natural[n] for n in places], room)
        found = Fit(tuple(places), tuple(widths), tuple(below), tuple(sorted(dropped)))
        if room is None or found.total <= room or not leaving:
            return found
        left, where = leaving.pop(0)
        places.remove(left)
        where.append(left)


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


class Table(NamedTuple):
    """A table as text: the line of titles, the rows, and the titles of the dropped columns."""

    head: str
    rows: list[str]
    dropped: tuple[str, ...]


def fitted(columns: Sequence[Column], rows: Sequence[Row], room: int | None, colour: int) -> Table:
    """Returns the table. Makes every value printable. A row has more lines if ids are below it."""
    clean = [tuple(printable(cell) for cell in row) for row in rows]
    found = fit(columns, clean, room)
    shown = [columns[n] for n in found.places]
    titles = [_cell(one.title, one, size) for one, size in zip(shown, found.widths, strict=True)]
    head = styled((" " * GAP).join(titles).rstrip(), "muted", colour)
    dropped = tuple(columns[n].title for n in found.dropped)
    return Table(head, [_row(row, shown, found, colour) for row in clean], dropped)


def lines(
    columns: Sequence[Column], rows: Sequence[Row], room: int | None, colour: int
) -> list[str]:
    """Returns the titles, the rows, and a line that names the dropped columns."""
    table = fitted(columns, rows, room, colour)
    return [table.head, *table.rows, *not_shown(table.dropped, room, colour)]


def not_shown(titles: Sequence[str], room: int | None, colour: int) -> list[str]:
    """Returns the line below a table that names the columns that did not fit, if any."""
    if not titles:
        return []
    text = f"Not shown, too wide: {', '.join(dict.fromkeys(titles))}. See --output json."
    return [styled(line, "muted", colour) for line in wrapped(text, room)]


def _row(row: Row, shown: Sequence[Column], found: Fit, colour: int) -> str:
    return "\n".join([_line(row, shown, found, colour), *(_INDENT + row[n] for n in found.below)])


def _line(row: Row, shown: Sequence[Column], fitted: Fit, colour: int) -> str:
    cells = []
    for place, column, size in zip(fitted.places, shown, fitted.widths, strict=True):
        style = column.style if isinstance(column.style, str) else column.style(row[place])
        cells.append(styled(_cell(row[place], column, size), style, colour))
    return (" " * GAP).join(cells).rstrip()


def _cell(text: str, column: Column, size: int) -> str:
    return padded(cut(text, size), size, right=column.right)
