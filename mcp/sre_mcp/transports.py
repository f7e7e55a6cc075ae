"""``serve``: where the server listens, who is let in, and how it ends."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import anyio
import uvicorn
from mcp.server.stdio import stdio_server

from sre_findings.ask.handouts import GOOD_FOR
from sre_findings.ask.sources import Sources
from sre_findings.model.errors import UsageError
from sre_mcp.app import Names, make_app, make_server
from sre_mcp.auth.guard import Guard
from sre_mcp.endpoint import PATH, is_loopback

_LOG = logging.getLogger(__name__)
# seconds: longer than a load balancer keeps an idle connection, so that it is never the server that
# hangs up
KEEP_ALIVE = 75
GRACE = 25  # seconds for calls that are under way: less than ECS waits before it kills


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, which names are answered, and how long files are kept for who asked for
    them."""

    host: str
    port: int
    names: Names
    link_age: timedelta = GOOD_FOR


def serve_http(sources: Sources, place: Place, guard: Guard | None) -> None:
    """Serves until SIGTERM or SIGINT; calls that are under way are answered first. Raises
    UsageError where it may not start."""
    if guard is None and not is_loopback(place.host):
        raise UsageError(
            f"without authentication it listens on the loopback only, not on {place.host}",
            why="anybody who reaches it would see every finding",
            do="Leave out --host, or set up tokens.",
        )
    with _listening(place) as listener:
        config = uvicorn.Config(
            make_app(sources, place.names, guard, place.link_age),
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        _tell(listener, place, guard)
        _Server(config).run(sockets=[listener])
    _LOG.info("stopped")


def serve_stdio(sources: Sources) -> None:
    """Serves one client on stdin and stdout until it closes them, with the rights of whoever
    started it."""
    _LOG.info("serving on stdin and stdout; no token is asked for")
    anyio.run(_stdio, sources)


async def _stdio(sources: Sources) -> None:
    server = make_server(sources)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextlib.contextmanager
def _listening(place: Place) -> Iterator[socket.socket]:
    """The socket, open before anything else is, so that a port that is taken is told in a line."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {place.host}:{place.port}", why=str(error), do="Use another --port."
        ) from error
    with listener:
        # Connections inherit it. Without, a body waits 40 ms for the acknowledgement of its
        # headers: asyncio sets it only on sockets that name their protocol.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _tell(listener: socket.socket, place: Place, guard: Guard | None) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _LOG.info("listening on http://%s:%d%s", shown, port, PATH)
    _LOG.info("health on /healthz and /readyz")
    if guard is None:
        _LOG.warning(
            "AUTHENTICATION IS OFF (--no-auth): every program on this machine can read every"
            " finding"
        )
    if place.names.hosts or place.names.origins:
        _LOG.info(
            "answers to %s; pages of %s",
            ", ".join(place.names.hosts) or "loopback",
            ", ".join(place.names.origins) or "none",
        )


class _Server(uvicorn.Server):
    """uvicorn, which ends with exit code 0 after a signal: to be stopped is no failure."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but the signals are not raised again after everything was answered."""
        before = {
            one: signal.signal(one, self.handle_exit) for one in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
