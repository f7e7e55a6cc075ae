"""CSV reads back unchanged, and no spreadsheet evaluates its cells."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.formats.csv.escaping import (
    Cell,
    csv_text,
    guarded,
)

texts = st.text(st.characters(codec="utf-8"), max_size=40) | st.text(
    alphabet=',"\r\n\t =+-@\x00a\uff1d', max_size=8
)
cells = texts | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none()


@pytest.mark.parametrize("start", list("=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20"))
def test_formulas_get_an_apostrophe(start: str) -> None:
    assert guarded(f'{start}HYPERLINK("http://x")') == f'\'{start}HYPERLINK("http://x")'


@pytest.mark.parametrize("spaces", [" ", "   ", "\u00a0", "\u3000", "\ufeff"])
def test_spaces_before_a_formula_do_not_hide_it(spaces: str) -> None:
    assert guarded(f"{spaces}=1+1") == f"'{spaces}=1+1"


@pytest.mark.parametrize("text", ["", "a=b", "CVE-2026-1234", "  text", "'=1", "1-2"])
def test_text_that_is_not_a_formula_is_unchanged(text: str) -> None:
    assert guarded(text) == text


@given(st.lists(st.lists(cells, min_size=2, max_size=6), max_size=5))
def test_it_writes_exactly_what_the_csv_module_writes(rows: list[list[Cell]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    assert csv_text(rows, raw=True) == buffer.getvalue()


@given(st.lists(st.lists(texts, min_size=2, max_size=4), min_size=1, max_size=4))
def test_cells_read_back_unchanged_and_none_is_a_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not [
        cell
        for row in read
        for cell in row
        if cell.lstrip(" \u00a0\u3000\ufeff")[:1] in tuple("=+-@\t\r\n\x00＝＋－＠")
    ]


def test_negative_numbers_are_not_formulas() -> None:
    assert csv_text([[-1, -0.5, "-1"]]) == "-1,-0.5,'-1\r\n"


def test_raw_leaves_formulas_unescaped() -> None:
    assert csv_text([["=1", "@x"]], raw=True) == "=1,@x\r\n"


def test_a_lone_surrogate_is_written_as_an_escape() -> None:
    assert csv_text([["a\ud800b", "é"]]).encode() == "a\\ud800b,é\r\n".encode()
