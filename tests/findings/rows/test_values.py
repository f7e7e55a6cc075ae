"""Values of rows that no scan writes, as in a damaged part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.timestamps import day_of
from sre_findings.rows.values import severity_word, time_of

LONG = st.integers(-(2**63), 2**63 - 1)


@given(LONG)
def test_every_number_of_microseconds_is_a_time_or_unknown(microseconds: int) -> None:
    moment = time_of(microseconds)
    in_calendar = -62_135_596_800_000_000 <= microseconds <= 253_402_300_799_999_999
    assert (moment is not None) == in_calendar
    if moment:
        assert round(moment.timestamp()) == round(microseconds / 1e6)


@given(LONG)
def test_every_rank_has_a_severity(rank: int) -> None:
    assert (severity_word(rank) == "OTHER") == (rank not in range(6))


@pytest.mark.parametrize("text", ["infinity", "-infinity", "290309-12-22 (BC)", "0", "", None])
def test_a_day_outside_the_calendar_is_unknown(text: str | None) -> None:
    assert day_of(text) is None
