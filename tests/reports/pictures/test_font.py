"""Text in the bundled font fits its width, and no letter is invisible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.pictures.font import (
    REGULAR,
    SEMIBOLD,
    face,
    file,
)


@pytest.mark.parametrize("name", [REGULAR, SEMIBOLD])
def test_a_font_has_the_letters_of_cards_with_widths(name: str) -> None:
    weight = face(name)
    assert set("0123456789 aZ.,:/·…▲▼■□éŁñΩЖ€−") <= set(weight.advances)
    assert weight.width("W", 20) > weight.width("i", 20) > 0
    assert all(0 <= advance < 2 for advance in weight.advances.values())


def test_the_license_of_the_font_is_included() -> None:
    assert "SIL OPEN FONT LICENSE Version 1.1" in file("OFL.txt").read_text()


@given(st.text(max_size=60), st.integers(30, 400))
def test_a_fitted_text_is_drawable_and_fits(text: str, width: int) -> None:
    weight = face(SEMIBOLD)
    fitted = weight.fitted(text, 20, width)
    assert weight.width(fitted, 20) <= width
    whole = weight.drawable(text)
    assert fitted == whole or (fitted.endswith("…") and whole.startswith(fitted[:-1]))


def test_missing_letters_are_boxes_and_invisible_ones_are_removed() -> None:
    assert face(REGULAR).drawable("a\u202eb 東 e\u0301") == "ab □ é"
