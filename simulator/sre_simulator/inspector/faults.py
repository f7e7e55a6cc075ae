"""Faults of calls, and the rate limit."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from sre_simulator.errors import Refusal, denied, throttled

if TYPE_CHECKING:
    from collections.abc import Callable


class Trouble(StrEnum):
    """The kinds of fault."""

    THROTTLE = "throttle"
    INTERNAL = "internal"
    GATEWAY_TIMEOUT = "gateway_timeout"
    DENIED = "denied"
    EXPIRED = "expired"
    UNRECOGNIZED = "unrecognized"
    RESET = "reset"
    SLOW = "slow"
    TRUNCATED = "truncated"
    HTML = "html"
    EMPTY_OBJECT = "empty_object"
    GARBAGE = "garbage"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, from the `call`-th call of an operation on, for so many `times`.

    If `region` is given, only its calls count. The kinds are:

    - throttle: 429, with `retry_after` seconds if given
    - internal: 500 InternalServerException, with `retry_after` if given
    - gateway_timeout: 504 of API Gateway, after `seconds`
    - denied: 403 AccessDeniedException in IAM's words
    - expired: 403 ExpiredTokenException
    - unrecognized: 403 UnrecognizedClientException
    - reset: the connection is reset (RST) instead of a response
    - slow: the right response, its first byte after `seconds`
    - truncated: half of the right response under the full Content-Length, then the end of the
      connection
    - html: 200 with a web page
    - empty_object: 200 with {}
    - garbage: 200 with half of the JSON
    - loop: the right page with the token of the request once more
    """

    kind: str
    operation: str = "ListFindings"
    call: int = 1
    times: int = 1
    region: str | None = None
    retry_after: float | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        Trouble(self.kind)

    def meets(self, operation: str, region: str, calls: Counter[tuple[str, str | None]]) -> bool:
        """Returns whether the fault applies to the call that was just counted."""
        if operation != self.operation or self.region not in {None, region}:
            return False
        return self.call <= calls[operation, self.region] < self.call + self.times


_CREDENTIALS = {
    Trouble.EXPIRED: (
        "ExpiredTokenException",
        "The security token included in the request is expired",
    ),
    Trouble.UNRECOGNIZED: (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    ),
}


def refusal(fault: Fault, account: str, region: str, path: str) -> Refusal | None:
    """Returns the error response of a fault; None if the fault is of another kind."""
    match trouble := Trouble(fault.kind):
        case Trouble.THROTTLE:
            return throttled(fault.retry_after)
        case Trouble.INTERNAL:
            return Refusal(
                500, "InternalServerException", "Internal server error", fault.retry_after
            )
        case Trouble.GATEWAY_TIMEOUT:
            return Refusal(504, "InternalServerErrorException", "Endpoint request timed out")
        case Trouble.DENIED:
            return denied(account, region, fault.operation, path)
        case _ if trouble in _CREDENTIALS:
            return Refusal(403, *_CREDENTIALS[trouble])
        case _:
            return None


class Bucket:
    """A token bucket: `rate` calls per second, `burst` at once."""

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = burst
        self._filled = clock()

    def take(self) -> float | None:
        """Returns None if the call may pass, or the number of whole seconds to wait."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._filled) * self._rate)
        self._filled = now
        if self._level >= 1:
            self._level -= 1
            return None
        return float(max(1, ceil((1 - self._level) / self._rate)))


def counted(calls: Counter[tuple[str, str | None]], operation: str, region: str) -> None:
    """Counts a call, over all regions and in its region."""
    calls[operation, None] += 1
    calls[operation, region] += 1
