"""A slow server is given up while there is time to say so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_findings.model.errors import Unreachable
from sre_slack.deadline import HurriedRemote, TooSlow, patience


def of_time(seconds: float) -> Any:
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1e3)


@given(st.floats(0.1, 900))
def test_some_time_is_always_left(remaining: float) -> None:
    taken = patience(of_time(remaining))
    assert 0 < taken <= remaining
    assert remaining - taken >= min(8.0, remaining / 2) - 1e-6


def test_a_server_that_is_too_slow_is_told_from_one_that_is_not_there(stand_in: Any) -> None:
    stand_in.delay = 0.5
    with pytest.raises(TooSlow, match=r"did not answer within 0\.05 s"):
        HurriedRemote(f"{stand_in.url}/mcp", "", 25.0, {}, of_time(0.1)).call("summarize", {})
    with pytest.raises(Unreachable) as gone:
        HurriedRemote("http://127.0.0.1:9/mcp", "", 25.0, {}, of_time(60)).call("summarize", {})
    assert not isinstance(gone.value, TooSlow)
