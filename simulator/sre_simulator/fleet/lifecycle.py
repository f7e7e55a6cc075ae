"""The life of a finding as events, and the state that follows at a given time.

The rules are from "Understanding findings" in the Inspector user guide: a fixed finding closes and
is deleted after 30 days, one of a terminated resource after 3 days; one that recurs within 7 days
of closing reopens under its ARN.
"""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DAY = 86400.0
FIXED_STAYS = 30 * DAY
TERMINATED_STAYS = 3 * DAY
REOPENS_WITHIN = 7 * DAY


class Happening(StrEnum):
    """The kinds of events."""

    OPEN = "open"
    CLOSE = "close"
    TERMINATE = "terminate"
    REOPEN = "reopen"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    SEVERITY = "severity"
    TOUCH = "touch"
    DELETE = "delete"


class Event(NamedTuple):
    """An event at an epoch second; `severity` is the new one for a change of severity."""

    at: float
    kind: Happening
    severity: str = ""


class State(NamedTuple):
    """The changing members of a finding: severity, status, and its times in epoch seconds.

    The finding is deleted from `until` on.
    """

    severity: str
    status: str
    first: float
    last: float
    updated: float
    until: float = inf


def _closed(state: State, at: float, stays: float) -> State:
    if state.status == "CLOSED":
        return state
    return state._replace(status="CLOSED", updated=at, until=at + stays)


def _reopened(state: State, event: Event) -> State:
    if state.status != "CLOSED" or event.at - state.updated > REOPENS_WITHIN:
        return state
    return state._replace(status="ACTIVE", last=event.at, updated=event.at, until=inf)


def _switched(state: State, before: str, after: str, at: float) -> State:
    return state._replace(status=after, updated=at) if state.status == before else state


def _seen(state: State, at: float, severity: str) -> State:
    if state.status == "CLOSED":
        return state
    return state._replace(severity=severity, last=at, updated=at)


_STEPS: dict[Happening, Callable[[State, Event], State]] = {
    Happening.OPEN: lambda state, _: state,
    Happening.CLOSE: lambda state, event: _closed(state, event.at, FIXED_STAYS),
    Happening.TERMINATE: lambda state, event: _closed(state, event.at, TERMINATED_STAYS),
    Happening.REOPEN: _reopened,
    Happening.SUPPRESS: lambda state, event: _switched(state, "ACTIVE", "SUPPRESSED", event.at),
    Happening.UNSUPPRESS: lambda state, event: _switched(state, "SUPPRESSED", "ACTIVE", event.at),
    Happening.SEVERITY: lambda state, event: _seen(state, event.at, event.severity),
    Happening.TOUCH: lambda state, event: _seen(state, event.at, state.severity),
    Happening.DELETE: lambda state, event: state._replace(until=event.at),
}


def opened(event: Event, severity: str) -> State:
    """Returns the state of a new finding."""
    return State(severity, "ACTIVE", event.at, event.at, event.at)


def state_at(
    events: Iterable[Event], now: float, severity: str, start: State | None = None
) -> State | None:
    """Returns the state after the events up to now.

    None if the finding does not exist yet or is already deleted. `events` are in chronological
    order, `severity` is the initial one, and `start` is the state before the first event.
    """
    state = start
    for event in events:
        if event.at > now or (state is not None and event.at >= state.until):
            break
        if state is not None:
            state = _STEPS[event.kind](state, event)
        elif event.kind is Happening.OPEN:
            state = opened(event, severity)
    return state if state is not None and now < state.until else None


def touched(state: State, now: float, restarted: Callable[[float], float]) -> State:
    """Returns the state with the resource's last restart applied.

    `restarted(at)` returns the last restart at or before a given time.
    """
    if state.status == "CLOSED":
        last = restarted(state.updated)
        return state._replace(last=last) if last > state.last else state
    last = restarted(now)
    if last <= state.last:
        return state
    return state._replace(last=last, updated=max(last, state.updated))
