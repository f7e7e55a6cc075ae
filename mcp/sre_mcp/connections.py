"""Limits on connections, which clients without a token must not exhaust.

uvicorn has no time limit for a request that arrives slowly or never, and no limit on connections
below the number of file descriptors. Here a request must arrive in time. At the limit, the oldest
connection without a complete request is closed for the next one, so that a client that sends its
request at once is always served. Health checks have a share of their own.
"""

from __future__ import annotations

import asyncio
import resource
from dataclasses import dataclass, field

import h11
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sre_mcp.health import PATHS

# The phases of a connection. uvicorn limits IDLE, between two requests.
HEADER, BODY, ANSWERED, IDLE, CLOSING = "header", "body", "answered", "idle", "closing"

ACCEPTED_AT_ONCE = 64
"""Connections that are accepted before their data is read: few, so that none is closed unread."""

_MOST = 1000  # connections
_FOR_HEALTH = 24  # more connections, for health checks
_OTHER_FILES = 256  # descriptors of the store, live queries and libraries
_ACCEPTED = 3 * ACCEPTED_AT_ONCE  # descriptors of connections that are not counted yet, or anymore


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the header, the rest of a request, and a client that does not read.

    ``most`` is the number of connections, and of requests that are answered at the same time.
    ``for_health`` is the number of further connections.
    """

    header: float = 10.0
    body: float = 20.0  # shorter than the grace period of a shutdown
    unread: float = 60.0
    most: int = _MOST
    for_health: int = _FOR_HEALTH

    def seconds(self, phase: str) -> float | None:
        """Returns the time limit of a phase that depends on the client, or None."""
        return {HEADER: self.header, BODY: self.body, CLOSING: self.unread}.get(phase)


def open_limits() -> Limits:
    """Returns the limits for this process, after raising its limit of file descriptors if needed.

    With fewer descriptors than needed, there are fewer connections.
    """
    besides = _FOR_HEALTH + _OTHER_FILES + _ACCEPTED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _MOST + besides
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return Limits(most=max(soft - besides, soft // 4))
    return Limits()


@dataclass(slots=True)
class Connections:
    """The connections of a server by their state, oldest first."""

    limits: Limits
    arriving: dict[LimitedProtocol, None] = field(default_factory=dict)
    idle: dict[LimitedProtocol, None] = field(default_factory=dict)
    answered: dict[LimitedProtocol, None] = field(default_factory=dict)

    def protocol(self) -> type[H11Protocol]:
        """Returns the protocol for uvicorn, whose connections are counted here."""

        class CountedProtocol(LimitedProtocol):
            registry = self

        return CountedProtocol

    def protect(self, app: ASGIApp) -> ASGIApp:
        """Returns the application, which answers health checks only when it is busy.

        Other requests then get 503 with Retry-After.
        """

        async def protected(scope: Scope, receive: Receive, send: Send) -> None:
            busy = len(self.answered) > self.limits.most  # this one is among them
            if busy and scope["type"] == "http" and scope["path"] not in PATHS:
                headers = {"Retry-After": "1", "Connection": "close"}
                refused = JSONResponse({"error": "the server is busy"}, 503, headers)
                return await refused(scope, receive, send)
            await app(scope, receive, send)
            return None

        return protected

    def move(self, one: LimitedProtocol, phase: str) -> None:
        """Notes that a connection has reached a phase."""
        self.remove(one)
        lists = {ANSWERED: self.answered, IDLE: self.idle, CLOSING: self.idle}
        lists.get(phase, self.arriving)[one] = None

    def remove(self, one: LimitedProtocol) -> None:
        """Forgets a connection."""
        for some in (self.arriving, self.idle, self.answered):
            some.pop(one, None)

    def make_room(self, newest: LimitedProtocol) -> None:
        """Closes one connection if there are too many: an unused one, or else the newest."""
        if len(newest.connections) > self.limits.most + self.limits.for_health:
            oldest = next(iter(self.arriving), None)
            unused = oldest if oldest is not newest else next(iter(self.idle), None)
            (unused or newest).discard()


class LimitedProtocol(H11Protocol):
    """One connection. Its request must arrive in time, and its response must be read in time."""

    registry: Connections
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _phase = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in uvicorn
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self.follow()
        self.registry.make_room(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        super().data_received(data)
        self.follow()

    def on_response_complete(self) -> None:
        """See H11Protocol."""
        super().on_response_complete()
        self.follow()

    def pause_writing(self) -> None:
        """See asyncio.Protocol. A client that does not read must not wait forever."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.registry.limits.unread, self.discard)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        _cancel(self._unread)

    def discard(self) -> None:
        """Closes the connection at once, without waiting for the client."""
        self._leave()
        self.connections.discard(self)
        self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        """See H11Protocol."""
        super().timeout_keep_alive_handler()
        self.follow()

    def follow(self) -> None:
        """Sets the time limit of the phase that the request is in, once per phase."""
        phase = self._reached()
        if phase == self._phase or self not in self.connections:
            return
        self._phase = phase
        self.registry.move(self, phase)
        _cancel(self._timer)
        if seconds := self.registry.limits.seconds(phase):
            self._timer = self.loop.call_later(seconds, self.discard)

    def _reached(self) -> str:
        if self.transport.is_closing():
            return CLOSING
        if self.conn.their_state is h11.IDLE:
            return HEADER if self.timeout_keep_alive_task is None else IDLE
        return BODY if self.conn.their_state is h11.SEND_BODY else ANSWERED

    def _leave(self) -> None:
        _cancel(self._timer)
        _cancel(self._unread)
        self.registry.remove(self)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
