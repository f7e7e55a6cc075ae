"""Texts from outside, without invisible characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.plain_text import shortened, visible


@given(st.text(max_size=60))
def test_no_control_format_or_surrogate_character_is_left(text: str) -> None:
    assert not [
        letter
        for letter in visible(text)
        if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
    ]


@given(st.text(max_size=60))
def test_it_is_the_same_when_it_runs_twice(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    "letter",
    ["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u2060", "\ufeff", "\xad", "\U000e0041"],
)
def test_bidirectional_and_invisible_characters_are_removed(letter: str) -> None:
    assert visible(f"a{letter}b") == "ab"


def test_an_escape_sequence_loses_its_escape_and_stays_visible() -> None:
    assert visible("\x1b[31mred\x1b]0;title\x07 \x9b1m") == "[31mred]0;title 1m"


def test_line_ends_become_a_space_so_that_a_value_stays_one_line() -> None:
    assert visible("a\r\nb\tc\u2028d\x85e") == "a b c d e"


@pytest.mark.parametrize("text", ["", "plain", "Grüße, 東京, Ω", "naïve é", "🔥"])
def test_letters_of_every_script_stay(text: str) -> None:
    assert visible(text) == text


@given(st.text(max_size=20), st.integers(1, 20))
def test_a_shortened_text_fits_and_says_that_it_was_cut(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
