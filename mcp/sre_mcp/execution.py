"""Work of requests: in a thread, with a deadline, and with errors as clients may see them."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

from sre_findings.model.errors import SreError, kind_of
from sre_findings.model.text import ours, phrase
from sre_findings.sources.interruption import interrupt
from sre_mcp.public_errors import public_error

_LOG = logging.getLogger(__name__)
# Seconds. Shorter than the idle timeout of a load balancer, which closes without an error.
DEADLINE = 50.0

T = TypeVar("T")


class TimedOut(SreError):
    """The work took longer than DEADLINE."""


class InternalError(SreError):
    """An error that the product did not raise on purpose. It has a reference to the log."""


class _Running(Generic[T]):
    """Work that can be stopped while it queries snapshots, so that it does not hold its thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._thread: int | None = None

    def __call__(self) -> T:
        self._thread = threading.get_ident()
        try:
            return self._work()
        finally:
            self._thread = None

    def stop(self) -> None:
        """Interrupts the query that the work runs now."""
        if (thread := self._thread) is not None:
            interrupt(thread)


async def in_time(what: str, work: Callable[[], T], at_once: anyio.CapacityLimiter) -> T:
    """Returns the result of the work, which runs in a thread. ``what`` names it in errors.

    Raises SreError as clients may see it: TimedOut, InternalError, or an error of the work.
    """
    running = _Running(work)
    try:
        with anyio.fail_after(DEADLINE):
            return await anyio.to_thread.run_sync(running, abandon_on_cancel=True, limiter=at_once)
    except SreError as error:
        public = public_error(error)
        if public is error:
            raise
        raise public from error
    except TimeoutError as error:
        running.stop()
        late = phrase("{} took longer than {:g} s", ours(what), DEADLINE)
        raise TimedOut(late, do=phrase("Narrow the query, or try again.")) from error
    except Exception as error:
        reference = secrets.token_hex(4)
        _LOG.exception("%s failed; reference %s", what, reference)
        do = phrase("Report the reference; the server's log has details.")
        why = phrase("reference {}", ours(reference))
        raise InternalError(phrase("internal error"), why=why, do=do) from error


def outcome_of(error: SreError) -> str:
    """Returns the kind of an error for clients and the audit log."""
    if isinstance(error, TimedOut):
        return "timeout"
    return "bug" if isinstance(error, InternalError) else kind_of(error)
