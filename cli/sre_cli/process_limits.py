"""Time and memory limits of this process, in case the engine's own limits fail."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from sre_cli import exit_codes


@contextlib.contextmanager
def limits(seconds: float, memory: int) -> Iterator[None]:
    """Limits the time and memory of this process during the block.

    Ends the process after ``seconds``, and limits its address space to ``memory`` bytes more than
    it has now. The engine interrupts a query only at certain points, which a query that builds one
    text of several gigabytes may not reach.
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()
    # Fails on a system without /proc, or if a lower limit is already set.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + memory, before[1]))
    try:
        yield
    finally:
        timer.cancel()
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space() -> int:
    """Returns the address space of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def _end() -> None:
    """Ends the process at once, without waiting for its other threads."""
    sys.stderr.write("sre-cli: the query did not stop at its time limit; process ended.\n")
    sys.stderr.flush()
    os._exit(exit_codes.USAGE)
