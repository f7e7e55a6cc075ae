"""Repeated warnings and errors do not fill the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sre_mcp.logs import Throttle


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(Throttle(3, clock))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.getLogger("throttled")
    log.setLevel(logging.INFO)
    yield log
    log.handlers.clear()


def test_repeated_errors_are_omitted_and_counted(log: logging.Logger) -> None:
    now = [0.0]
    log.addHandler(handler := Lines(lambda: now[0]))
    for number in range(10):
        if number == 9:
            now[0] += 60
        log.error("Invalid Host header: host-%d", number)
    assert handler.lines == [
        "Invalid Host header: host-0",
        "Invalid Host header: host-1",
        "Invalid Host header: host-2 (further similar messages are omitted for up to a minute)",
        "Invalid Host header: host-9 (6 similar messages were omitted)",
    ]


def test_each_kind_of_error_has_its_own_limit(log: logging.Logger) -> None:
    log.addHandler(handler := Lines(lambda: 0.0))
    for _ in range(10):
        log.warning("one")
        log.warning("another")
        for error in (ValueError(), OSError()):
            log.error("failed", exc_info=error)
    assert len(handler.lines) == 4 * 3


def test_calls_are_always_logged(log: logging.Logger) -> None:
    log.addHandler(handler := Lines(lambda: 0.0))
    for _ in range(10):
        log.info("summarize answered 1 ms")
    assert len(handler.lines) == 10


def test_a_server_logs_a_flood_of_invalid_requests_briefly(serve: Any, tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        for number in range(200):
            assert server.request("POST", Host=f"evil-{number}.example").status == 421
    assert sum("Invalid Host header" in line for line in server.log) == 60
    assert any("further similar messages are omitted" in line for line in server.log)
