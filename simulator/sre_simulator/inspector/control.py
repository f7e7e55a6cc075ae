"""The control endpoint for a simulator in another process.

POST sets the clock, faults or changes; GET returns the requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sre_simulator.errors import Refusal
from sre_simulator.fleet.changes import Change
from sre_simulator.inspector.dispatcher import Answer
from sre_simulator.inspector.faults import Fault

if TYPE_CHECKING:
    from sre_simulator.inspector.dispatcher import Dispatcher


class _Clock(msgspec.Struct):
    now: float


def control(dispatcher: Dispatcher, name: str, body: bytes | None) -> Answer:
    """Sets the clock, adds faults or changes, or returns the log.

    The clock is {"now": epoch seconds}. Faults and changes are lists of their fields.
    """
    try:
        return Answer(200, _done(dispatcher, name, body))
    except (msgspec.DecodeError, ValueError) as error:
        refused = Refusal(400, "BadRequestException", str(error))
    except KeyError:
        refused = Refusal(
            404,
            "UnknownOperationException",
            "Known are POST clock, faults, changes and GET requests",
        )
    return Answer(refused.status, refused.body, refused.headers)


def _done(dispatcher: Dispatcher, name: str, body: bytes | None) -> bytes:
    with dispatcher.lock:
        match name, body:
            case "requests", None:
                return msgspec.json.encode(list(dispatcher.log))
            case "clock", bytes():
                dispatcher.now = msgspec.json.decode(body, type=_Clock).now
            case "faults", bytes():
                dispatcher.faults.extend(msgspec.json.decode(body, type=list[Fault]))
            case "changes", bytes():
                dispatcher.changes.extend(msgspec.json.decode(body, type=list[Change]))
            case _:
                raise KeyError(name)
    return b"{}"
