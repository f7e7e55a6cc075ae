"""Limits of this process itself, behind those of what runs in it."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from sre_cli import exits


@contextlib.contextmanager
def limits(seconds: float, memory: int) -> Iterator[None]:
    """Ends the process after so many seconds, and lets it take so many bytes more than it has,
    while the block runs.

    A query is interrupted by its engine, but only where the engine looks: one that makes a single
    text of gigabytes would go on, and take what other programs need.
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()
    # a system without /proc, or with a lower limit already
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_taken() + memory, before[1]))
    try:
        yield
    finally:
        timer.cancel()
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _taken() -> int:
    """The address space of this process, in bytes."""
    return (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        * resource.getpagesize()
    )


def _end() -> None:
    """Ends the process from a thread, whatever the others do."""
    sys.stderr.write("sre-cli: the query did not stop when its time was up; ended.\n")
    sys.stderr.flush()
    os._exit(exits.USAGE)
