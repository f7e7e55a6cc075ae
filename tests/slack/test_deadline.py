"""A call to a slow server ends early enough to report it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import Unreachable
from sre_slack.deadline import DeadlineRemote, TooSlow, time_left


def context_with(seconds: float) -> Any:
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1e3)


@given(st.floats(0.1, 900))
def test_a_call_leaves_a_reserve_of_time(remaining: float) -> None:
    taken = time_left(context_with(remaining))
    assert 0 < taken <= remaining
    assert remaining - taken >= min(8.0, remaining / 2) - 1e-6


def test_a_slow_server_and_an_unreachable_one_are_distinct_errors(stand_in: Any) -> None:
    stand_in.delay = 0.5
    with pytest.raises(TooSlow, match=r"did not answer within 0\.05 s"):
        DeadlineRemote(f"{stand_in.url}/mcp", "", 25.0, {}, context_with(0.1)).call("summarize", {})
    with pytest.raises(Unreachable) as gone:
        DeadlineRemote("http://127.0.0.1:9/mcp", "", 25.0, {}, context_with(60)).call(
            "summarize", {}
        )
    assert not isinstance(gone.value, TooSlow)
