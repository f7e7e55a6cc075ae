"""Whether an image is in use, according to Inspector only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.resources.image_use import Use, newest, use_of

SEEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=5),
    st.integers(max_value=-1),
    st.integers(2**63),
    st.lists(st.integers(), max_size=1),
)


def test_a_count_above_zero_is_running_and_nothing_else_is_called_not_running() -> None:
    assert Use(3, SEEN).running is True
    assert [
        Use(count, seen).running for count, seen in ((0, SEEN), (None, SEEN), (None, None))
    ] == [None, None, None]


@given(ODD, ODD)
def test_an_odd_count_or_time_says_nothing(count: Any, last: Any) -> None:
    use = use_of({"inUseCount": count, "lastInUseAt": last})
    assert use.count is None
    assert use.running is None
    assert "not running" not in use.words()


@pytest.mark.parametrize(
    "last", [1763625600, 1763625600.0, "2025-11-20T08:00:00Z", "2025-11-20T08:00:00"]
)
def test_a_time_is_epoch_seconds_or_iso(last: object) -> None:
    assert use_of({"inUseCount": 2, "lastInUseAt": last}) == Use(
        2, datetime(2025, 11, 20, 8, tzinfo=UTC)
    )


def test_of_several_rows_the_one_that_saw_it_last_counts() -> None:
    earlier = SEEN.replace(day=1)
    assert newest([Use(5, earlier), Use(2, SEEN), Use(), Use(9, None)]) == Use(2, SEEN)
    assert newest([]) == newest([Use()]) == Use()
    assert newest([Use(), Use(0, None)]) == Use(0, None)


def test_words_say_how_many_and_when_and_never_that_it_does_not_run() -> None:
    assert Use(1, SEEN).words() == "runs in 1 task or pod, last seen in use at 2026-11-20T08:00:00Z"
    assert Use(3, None).words() == "runs in 3 tasks or pods"
    assert (
        Use(0, None).words()
        == "Inspector sees no task or pod that runs it now; it may run elsewhere"
    )
    assert (
        Use(None, SEEN).words()
        == "last seen in use at 2026-11-20T08:00:00Z; whether it runs now is not known"
    )
    assert Use().words() == ""
