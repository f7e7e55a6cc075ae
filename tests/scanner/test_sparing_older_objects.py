"""A scan exempts older objects from garbage collection, but not for the rest of the process."""

from __future__ import annotations

import contextlib
import gc

import pytest

from sre_scanner.memory import sparing_older_objects


@pytest.mark.parametrize("others", [0, 7])
def test_only_what_the_scan_itself_exempts_is_visited_again(
    others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: others)
    monkeypatch.setattr(gc, "freeze", lambda: calls.append("freeze"))
    monkeypatch.setattr(gc, "unfreeze", lambda: calls.append("unfreeze"))
    with contextlib.suppress(ValueError), sparing_older_objects():
        assert calls == ([] if others else ["freeze"])
        raise ValueError("the scan fails")
    assert calls == ([] if others else ["freeze", "unfreeze"])
