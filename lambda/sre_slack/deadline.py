"""A client of the server that respects the deadline of the Lambda invocation.

It leaves time to report a slow server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sre_findings.client.connection import Page, Remote
from sre_findings.model.errors import Unreachable

_RESERVE = 8.0  # seconds: enough to count the failure and to notify the user, in the worst case


class TooSlow(Unreachable):
    """The server did not answer before the deadline."""


def time_left(context: Any) -> float:
    """Returns the seconds that a call may take.

    This is the remaining time of the invocation less a reserve, but at least half of it.
    """
    remaining = float(context.get_remaining_time_in_millis()) / 1e3
    return max(remaining - _RESERVE, remaining / 2, 0.01)


class DeadlineRemote(Remote):
    """A Remote whose calls are limited to ``timeout`` seconds and the invocation's time left."""

    def __init__(
        self, url: str, token: str, timeout: float, asking: Mapping[str, Any], context: Any
    ) -> None:
        super().__init__(url, token, timeout, asking)
        self._most, self._context = timeout, context

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Page:
        """Calls a tool; see Remote. Raises TooSlow after the time-out."""
        self._timeout = min(self._most, time_left(self._context))
        try:
            return super().call(tool, arguments)
        except Unreachable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise TooSlow(error.what) from error
            raise
