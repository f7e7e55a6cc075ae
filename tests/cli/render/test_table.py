"""Tables: ids are never truncated; other columns shrink or are dropped in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sre_cli.render.table import GAP, Column, fit, fitted, lines
from sre_cli.render.terminal import Colour, width

words = st.text(alphabet="abcXYZ019-:. 東é", max_size=14)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[list[str]]]:
    count = draw(st.integers(1, 6))
    titles = st.text(alphabet="ABCdef", min_size=1, max_size=8)
    column = st.builds(
        Column,
        titles,
        floor=st.none() | st.integers(1, 10),
        drop=st.none() | st.integers(1, 5),
        right=st.booleans(),
    )
    columns = [Column("Id"), *(draw(column) for _ in range(count - 1))]
    rows = draw(st.lists(st.lists(words, min_size=count, max_size=count), max_size=5))
    return columns, rows


@given(tables(), st.integers(1, 80))
def test_a_table_is_wider_than_the_room_only_if_ids_and_floors_are(
    table: tuple[list[Column], list[list[str]]], room: int
) -> None:
    columns, rows = table
    found = fit(columns, rows, room)
    if found.total > room:
        assert all(columns[n].drop is None for n in found.places)
        for n, size in zip(found.places, found.widths, strict=True):
            natural = max([width(columns[n].title), *(width(row[n]) for row in rows)])
            floor = columns[n].floor
            assert size == (natural if floor is None else min(natural, floor))


@given(tables(), st.none() | st.integers(1, 80))
def test_columns_without_a_floor_are_never_cut(
    table: tuple[list[Column], list[list[str]]], room: int | None
) -> None:
    columns, rows = table
    found = fit(columns, rows, room)
    body = fitted(columns, rows, room, Colour.NONE).rows
    whole = [n for n in found.places if columns[n].floor is None]
    for row, line in zip(rows, body, strict=True):
        assert all(row[n].strip() in line for n in whole)
    assert all(n in found.places for n, column in enumerate(columns) if column.drop is None)


@given(tables(), st.none() | st.integers(1, 80))
def test_every_line_has_its_cells_at_the_same_positions(
    table: tuple[list[Column], list[list[str]]], room: int | None
) -> None:
    columns, rows = table
    found = fit(columns, rows, room)
    table_ = fitted(columns, rows, room, Colour.NONE)
    for line in (table_.head, *table_.rows):
        assert width(line) <= found.total


@given(tables())
def test_without_a_width_nothing_is_cut(table: tuple[list[Column], list[list[str]]]) -> None:
    columns, rows = table
    assert "…" not in "".join(lines(columns, rows, None, Colour.NONE))


@given(tables(), st.integers(1, 80))
def test_colours_add_only_escape_sequences(
    table: tuple[list[Column], list[list[str]]], room: int
) -> None:
    columns, rows = table
    assert lines(columns, rows, room, Colour.NONE) == [
        line.replace("\x1b[2m", "").replace("\x1b[0m", "")
        for line in lines(columns, rows, room, Colour.TRUE)
    ]


COLUMNS = (
    Column("Vulnerability"),
    Column("Score", drop=2, right=True),
    Column("Package", floor=6),
    Column("Installed", floor=6, drop=1),
)
ROWS = [
    ["CVE-2026-1234", "9.8", "vim-filesystem", "9.0.2153-1.amzn2023"],
    ["CVE-2026-99", "10.0", "kernel", "6.1"],
]


def test_numbers_are_aligned_to_the_right() -> None:
    assert lines(COLUMNS, ROWS, 80, Colour.NONE) == [
        "Vulnerability  Score  Package         Installed",
        "CVE-2026-1234    9.8  vim-filesystem  9.0.2153-1.amzn2023",
        "CVE-2026-99     10.0  kernel          6.1",
    ]


def test_the_widest_flexible_column_shrinks_first() -> None:
    assert (
        lines(COLUMNS, ROWS, 52, Colour.NONE)[1]
        == "CVE-2026-1234    9.8  vim-filesystem  9.0.2153-1.am…"
    )


def test_columns_are_dropped_in_order_and_the_others_get_their_full_width() -> None:
    assert lines(COLUMNS, ROWS, 33, Colour.NONE)[0] == "Vulnerability  Score  Package"
    assert lines(COLUMNS, ROWS, 26, Colour.NONE)[1] == "CVE-2026-1234  vim-filesy…"


def test_a_line_names_the_columns_that_do_not_fit() -> None:
    assert lines(COLUMNS, ROWS, 33, Colour.NONE)[-2:] == [
        "Not shown, too wide: Installed.",
        "See --output json.",
    ]
    assert lines(COLUMNS, ROWS, 60, Colour.NONE)[-1].startswith("CVE-2026-99 ")
    assert fitted(COLUMNS, ROWS, 26, Colour.NONE).dropped == ("Score", "Installed")


def test_an_id_that_does_not_fit_stands_below_its_row() -> None:
    columns = (Column("Name"), Column("Resource", below=True))
    rows = [["web", "i-0123456789"], ["db", "i-1"]]
    assert lines(columns, rows, 18, Colour.NONE)[1:] == ["web   i-0123456789", "db    i-1"]
    assert lines(columns, rows, 17, Colour.NONE) == ["Name", "web\n   i-0123456789", "db\n   i-1"]


def test_an_id_overflows_instead_of_being_cut() -> None:
    assert lines(COLUMNS, ROWS, 5, Colour.NONE)[1] == "CVE-2026-1234  vim-f…"


def test_an_empty_optional_column_is_not_shown() -> None:
    assert (
        lines(COLUMNS, [["CVE-1", "", "a", "1"]], None, Colour.NONE)[0]
        == "Vulnerability  Package  Installed"
    )


def test_cells_are_made_printable_and_styled_by_their_text() -> None:
    columns = (Column("Severity", style=str.lower), Column("Name", style="muted"))
    _, row = lines(columns, [["High", "a\x1b[31m\u202eb"]], 40, Colour.INDEXED)
    assert row == "\x1b[1;48;5;130;38;5;231mHigh    \x1b[0m" + " " * GAP + "\x1b[2ma[31mb\x1b[0m"
