"""Work that misses its deadline is stopped, and does not hold its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import anyio
import duckdb
import pytest

from sre_findings.engine.databases import interruptible
from sre_mcp import execution


def endless(connection: duckdb.DuckDBPyConnection, ended: threading.Event) -> Callable[[], None]:
    """A query without end, which sets the event when it is stopped."""

    def work() -> None:
        try:
            with interruptible(connection):
                connection.execute("select sum(a.range) from range(10000000) a, range(10000000) b")
        finally:
            ended.set()

    return work


def test_a_query_that_misses_its_deadline_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "DEADLINE", 0.3)
    with duckdb.connect(config={"threads": "1"}) as connection:
        other, ended = connection.cursor(), threading.Event()

        async def ask() -> None:
            with pytest.raises(execution.TimedOut, match="trend took longer than"):
                await execution.in_time(
                    "trend", endless(connection.cursor(), ended), anyio.CapacityLimiter(1)
                )

        with interruptible(other):  # of another thread, which keeps its query
            anyio.run(ask)
            assert ended.wait(30)
            assert other.execute("select 1").fetchall() == [(1,)]
