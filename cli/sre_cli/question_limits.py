"""Time and memory limits of a question, so that a damaged or hostile store cannot hang a command.

A thread watches the process. At a limit, it interrupts DuckDB, and a signal raises the error in the
main thread, so that unfinished files are removed. A process that does not stop then is ended.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from sre_cli import exit_codes
from sre_findings.model.errors import Unreadable
from sre_findings.sources.interruption import interrupt

_LOOK = 0.1  # seconds between two looks
_GRACE = 10.0  # seconds in which the process can end by itself
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


@contextlib.contextmanager
def question_limits(seconds: float, memory: int) -> Iterator[None]:
    """Limits the block to ``seconds``, and the process to ``memory`` bytes.

    Raises Unreadable at a limit. Without effect outside the main thread, which alone gets signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(seconds, memory)
    before = signal.signal(signal.SIGALRM, watch.stop)
    watch.start()
    try:
        yield
    except Exception as error:
        if watch.reached is None or error is watch.reached:
            raise
        raise watch.reached from error  # DuckDB and others replace the error by their own
    finally:
        watch.end()
        signal.signal(signal.SIGALRM, before)


def used() -> int:
    """Returns the memory that this process uses, in bytes; its peak where only that is known."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


class _Watch(threading.Thread):
    """Signals the main thread at a limit, and ends the process if it does not stop."""

    def __init__(
        self, seconds: float, memory: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(name="limits", daemon=True)
        self._seconds, self._memory, self._clock = seconds, memory, clock
        self._ends = clock() + seconds
        self.ended = threading.Event()
        self.reached: Unreadable | None = None

    def run(self) -> None:
        """Watches until the question has ended."""
        while not self.ended.wait(_LOOK):
            if self.reached is None:
                self.reached = self._looked()
                if self.reached:
                    self._ends = self._clock() + _GRACE
                    interrupt()
                    os.kill(os.getpid(), signal.SIGALRM)
            elif self._clock() > self._ends or used() > 2 * self._memory:
                _end(self.reached)

    def stop(self, *_: object) -> None:
        """Raises the error of the limit, in the main thread."""
        if self.reached and not self.ended.is_set():
            raise self.reached

    def end(self) -> None:
        """Ends the watch. Afterwards it sends no signal and holds no error with its query."""
        self.ended.set()
        self.join()
        self.reached = None

    def _looked(self) -> Unreadable | None:
        """Returns the error if a limit is reached."""
        if self._clock() > self._ends:
            what = f"the question took longer than {self._seconds:g} s"
            return Unreadable(what, do="Narrow it, or raise SRE_QUERY_TIME.")
        if used() > self._memory:
            what = f"the question needs more than {self._memory / 10**6:,.0f} MB of memory"
            return Unreadable(what, do="Narrow it, or raise SRE_QUERY_MEMORY.")
        return None


def _end(error: Unreadable) -> NoReturn:
    """Ends the process at once, without waiting for its other threads."""
    sys.stderr.write(f"sre-cli: {error} The process did not stop and was ended.\n")
    sys.stderr.flush()
    os._exit(exit_codes.UNREADABLE)
