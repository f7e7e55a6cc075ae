"""Terminal output: no control characters, the right width, and colours only if enabled."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_cli.render.terminal import Colour, colour_of, cut, padded, printable, styled, width

anything = st.text(st.characters(exclude_categories=()), max_size=50)


@given(anything)
def test_printed_text_never_moves_the_cursor_or_hides_letters(text: str) -> None:
    shown = printable(text)
    assert not [letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs")]
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]", shown)
    assert shown.encode().decode() == shown


def test_values_of_any_type_are_printable() -> None:
    assert printable(12) == "12"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("東京", 4),
        ("ｗｉｄｅ", 8),
        ("é", 1),
        ("e\u0301", 1),
        ("🔥", 2),
        ("…", 1),
    ],
)
def test_width_is_measured_in_terminal_cells(text: str, cells: int) -> None:
    assert width(text) == cells


@given(anything, st.integers(0, 30))
def test_a_cut_text_fits_and_ends_with_an_ellipsis(text: str, room: int) -> None:
    shown = cut(printable(text), room)
    assert width(shown) <= room
    assert (
        shown == printable(text)
        or (shown.endswith("…") and printable(text).startswith(shown[:-1]))
        or room == 0
    )


def test_a_wide_letter_is_never_split() -> None:
    assert cut("東京都", 4) == "東…"
    assert cut("東京都", 6) == "東京都"
    assert cut("ab", 0) == ""


def test_padding_counts_cells_and_keeps_longer_text() -> None:
    assert padded("東", 4) == "東  "
    assert padded("7", 3, right=True) == "  7"
    assert padded("long", 2) == "long"


@pytest.mark.parametrize(
    ("tty", "environ", "colour"),
    [
        (True, {"TERM": "xterm-256color"}, Colour.INDEXED),
        (True, {"COLORTERM": "truecolor"}, Colour.TRUE),
        (True, {"COLORTERM": "24bit", "TERM": "xterm"}, Colour.TRUE),
        (False, {"COLORTERM": "truecolor"}, Colour.NONE),
        (True, {"TERM": "dumb"}, Colour.NONE),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, Colour.NONE),
        (True, {"NO_COLOR": ""}, Colour.INDEXED),
        (False, {"FORCE_COLOR": "1"}, Colour.INDEXED),
        (True, {"FORCE_COLOR": "1", "TERM": "dumb"}, Colour.INDEXED),
        (True, {"FORCE_COLOR": "0"}, Colour.NONE),
        (False, {}, Colour.NONE),
    ],
)
def test_colours_follow_the_stream_and_the_environment(
    tty: bool, environ: dict[str, str], colour: Colour
) -> None:
    assert colour_of(tty, environ) is colour


def test_a_style_is_reset_at_its_end() -> None:
    assert (
        styled("High", "high", Colour.TRUE) == "\x1b[1;48;2;173;65;28;38;2;255;255;255mHigh\x1b[0m"
    )
    assert styled("High", "high", Colour.INDEXED) == "\x1b[1;48;5;130;38;5;231mHigh\x1b[0m"
    assert styled("faint", "muted", Colour.TRUE) == "\x1b[2mfaint\x1b[0m"
    assert styled("Low", "low", Colour.TRUE).startswith("\x1b[48;2;57;119;168")


@pytest.mark.parametrize(
    ("text", "style", "colour"), [("x", "high", 0), ("x", "untriaged", 2), ("", "high", 2)]
)
def test_without_colour_style_or_text_nothing_is_added(text: str, style: str, colour: int) -> None:
    assert styled(text, style, colour) == text


def test_the_renderers_import_only_the_standard_library() -> None:
    heavy = [
        "pyarrow",
        "duckdb",
        "pandas",
        "jinja2",
        "boto3",
        "botocore",
        "rich",
        "msgspec",
        "click",
    ]
    code = (
        "import sys; import sre_cli.render.resource, sre_cli.render.table, sre_cli.render.terminal;"
        f" print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
