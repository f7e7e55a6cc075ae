"""The dispatcher of requests.

It decodes a request, applies faults and scripted changes, and returns the response.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec

from sre_simulator.errors import Invalid, Refusal, throttled
from sre_simulator.fleet.changes import Change, ScriptedFleet
from sre_simulator.inspector.faults import Bucket, Fault, Trouble, counted, refusal
from sre_simulator.inspector.operations import OPERATIONS
from sre_simulator.inspector.service import Call, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sre_simulator.fleet.organization import Fleet
    from sre_simulator.inspector.operations import Operation
    from sre_simulator.inspector.paging import Pager

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/inspector2/aws4_request")
_SIMULATED_KEY = re.compile(r"SIM(\d{12})")
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to the"
    b" network</h1></body></html>"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the request log.

    `time` is in real epoch seconds, `fault` is the kind of fault applied, and `error` the error
    code of the response.
    """

    operation: str
    region: str
    account: str
    body: Any
    status: int
    time: float
    error: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `sent` bytes of the body (None: all) are sent after `delay` seconds.

    A reset sends nothing.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    sent: int | None = None
    delay: float = 0.0
    reset: bool = False


class Dispatcher:
    """Counts, throttles, disturbs and logs calls.

    It handles one call at a time, so that the order of scripted changes is certain.
    """

    def __init__(
        self,
        fleet: Fleet,
        pager: Pager,
        now: float,
        rates: tuple[float | None, float],
        log_limit: int,
    ) -> None:
        self.now = now
        self.faults: list[Fault] = []
        self.changes: list[Change] = []
        self.keys: dict[str, str] = {}
        self.log: deque[Request] = deque(maxlen=log_limit)
        self.lock = RLock()
        self._admin = fleet.admin_account
        self._scripted = ScriptedFleet(fleet)
        self._service = Service(fleet, self._scripted, pager)
        self._rate, self._burst = rates
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._calls: Counter[tuple[str, str | None]] = Counter()

    def handle(self, path: str, authorization: str, body: bytes) -> Answer:
        """Returns the response to a POST."""
        with self.lock:
            operation = OPERATIONS.get(path)
            if operation is None:
                return _refused(Refusal(404, "UnknownOperationException", "Unknown operation"))
            signed = _CREDENTIAL.search(authorization)
            if signed is None:
                return _refused(
                    Refusal(
                        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
                    )
                )
            return self._counted(operation, signed[2], self._account(signed[1]), body)

    def apply(self, change: Change, region: str) -> None:
        """Applies a change now."""
        with self.lock:
            self._scripted.apply(change, region, self.now)

    def _account(self, key: str) -> str:
        simulated = _SIMULATED_KEY.match(key)
        return self.keys.get(key) or (simulated[1] if simulated else self._admin)

    def _counted(self, operation: Operation, region: str, account: str, body: bytes) -> Answer:
        counted(self._calls, operation.name, region)
        fault = next(
            (each for each in self.faults if each.meets(operation.name, region, self._calls)), None
        )
        wire: Any = None
        error = ""
        try:
            wire = _decoded(body)
            answer = self._answered(Call(operation, region, account, wire, self.now), fault)
        except Refusal as refused:
            answer, error = _refused(refused, fault), refused.code
        logged = Request(
            operation.name,
            region,
            account,
            wire,
            answer.status,
            time.time(),
            error,
            fault.kind if fault else "",
        )
        self.log.append(logged)
        self._play(operation.name, region)
        return answer

    def _answered(self, call: Call, fault: Fault | None) -> Answer:
        wait = self._throttled(call.operation.name, call.region)
        if wait is not None:
            raise throttled(wait)
        if fault is None:
            return Answer(200, self._service.answer(call))
        if refused := refusal(fault, call.account, call.region, call.operation.path):
            raise refused
        return _disturbed(
            fault, self._service.answer(call._replace(looped=fault.kind == Trouble.LOOP))
        )

    def _throttled(self, operation: str, region: str) -> float | None:
        if self._rate is None:
            return None
        return self._buckets.setdefault((operation, region), Bucket(self._rate, self._burst)).take()

    def _play(self, operation: str, region: str) -> None:
        for change in self.changes:
            due = change.after == self._calls[operation, change.region]
            if change.operation == operation and change.region in {None, region} and due:
                self._scripted.apply(change, region, self.now)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body or b"{}")
    except msgspec.DecodeError as error:
        raise Invalid("Could not parse the request body into JSON", "CANNOT_PARSE") from error


def _refused(refused: Refusal, fault: Fault | None = None) -> Answer:
    return Answer(
        refused.status, refused.body, refused.headers, delay=fault.seconds if fault else 0.0
    )


def _disturbed(fault: Fault, body: bytes) -> Answer:
    match Trouble(fault.kind):
        case Trouble.RESET:
            return Answer(0, b"", reset=True)
        case Trouble.TRUNCATED:
            return Answer(200, body, sent=len(body) // 2)
        case Trouble.HTML:
            return Answer(200, _PAGE, {"Content-Type": "text/html; charset=utf-8"})
        case Trouble.EMPTY_OBJECT:
            return Answer(200, b"{}")
        case Trouble.GARBAGE:
            return Answer(200, body[: len(body) // 2])
        case _:
            return Answer(200, body, delay=fault.seconds)
