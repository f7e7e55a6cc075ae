"""The server, asked no longer than this invocation lives: time is left to say that it was too
slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sre_findings.ask.remote import Page, Remote
from sre_findings.model.errors import Unreachable

_RESERVE = 8.0  # seconds: to count the failure and to tell the asker, each at its slowest


class TooSlow(Unreachable):
    """The server did not answer in time."""


def patience(context: Any) -> float:
    """Seconds that a call may take now: all that Lambda's context tells but a reserve, and at least
    the half of it."""
    remaining = float(context.get_remaining_time_in_millis()) / 1e3
    return max(remaining - _RESERVE, remaining / 2, 0.01)


class HurriedRemote(Remote):
    """A server each of whose calls gets ``timeout`` seconds at most, and no more than the
    invocation has left."""

    def __init__(
        self, url: str, token: str, timeout: float, asking: Mapping[str, Any], context: Any
    ) -> None:
        super().__init__(url, token, timeout, asking)
        self._most, self._context = timeout, context

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Page:
        """See Remote. Raises TooSlow where time ran out."""
        self._timeout = min(self._most, patience(self._context))
        try:
            return super().call(tool, arguments)
        except Unreachable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise TooSlow(error.what) from error
            raise
