"""Serving over HTTP and stdio: the listening socket, its settings, and the shutdown."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import anyio
import uvicorn
from mcp.server.stdio import stdio_server

from sre_findings.model.errors import UsageError
from sre_findings.sources.download_links import GOOD_FOR
from sre_findings.sources.sources import Sources
from sre_mcp.app import make_app, make_server
from sre_mcp.auth.guard import Guard
from sre_mcp.connections import ACCEPTED_AT_ONCE, Connections, open_limits
from sre_mcp.endpoint import PATH, is_loopback
from sre_mcp.trusted_names import Names

_LOG = logging.getLogger(__name__)
# Seconds. Longer than a load balancer keeps an idle connection, so that the server never closes a
# connection that the load balancer is about to use.
KEEP_ALIVE = 75
WAITING = 2048  # connections that the system accepts before the server does
_COLLECT_AFTER = 50_000  # new objects; a request creates fewer, and few of them in cycles
GRACE = 25  # seconds for requests in progress: less than ECS waits before SIGKILL


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where to listen, accepted host names and origins, and the lifetime of download links."""

    host: str
    port: int
    names: Names
    link_age: timedelta = GOOD_FOR


def serve_http(sources: Sources, settings: HttpSettings, guard: Guard | None) -> None:
    """Serves until SIGTERM or SIGINT, then finishes the requests in progress.

    Raises UsageError without authentication on another address than localhost, or if the address
    cannot be used.
    """
    if guard is None and not is_loopback(settings.host):
        raise UsageError(
            f"without authentication the server listens on localhost only, not on {settings.host}",
            why="anyone who can reach it could read all findings",
            do="Omit --host, or configure tokens.",
        )
    with _listening(settings) as listener:
        connections = Connections(open_limits())
        config = uvicorn.Config(
            connections.protect(make_app(sources, settings.names, guard, settings.link_age)),
            http=connections.protocol(),
            ws="none",
            backlog=ACCEPTED_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        _log_start(listener, settings, guard)
        _Server(config).run(sockets=[listener])
    _LOG.info("stopped")


def serve_stdio(sources: Sources) -> None:
    """Serves one client on stdin and stdout until it closes them.

    The client has the rights of the user who started the server.
    """
    _LOG.info("serving on stdin and stdout without authentication")
    anyio.run(_stdio, sources)


async def _stdio(sources: Sources) -> None:
    server = make_server(sources)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextlib.contextmanager
def _listening(settings: HttpSettings) -> Iterator[socket.socket]:
    """Opens and returns the listening socket. Raises UsageError if the address cannot be used."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=WAITING)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port}",
            why=str(error),
            do="Use another --port.",
        ) from error
    with listener:
        # Connections inherit it. Without it, a body waits 40 ms for the acknowledgement of its
        # headers: asyncio sets it only on sockets with an explicit protocol.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _log_start(listener: socket.socket, settings: HttpSettings, guard: Guard | None) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    _LOG.info("listening on http://%s:%d%s", shown, port, PATH)
    _LOG.info("health checks: /healthz and /readyz")
    if guard is None:
        _LOG.warning(
            "AUTHENTICATION IS OFF (--no-auth): any program on this machine can read all findings"
        )
    if settings.names.hosts or settings.names.origins:
        _LOG.info(
            "accepted hosts: %s; accepted origins: %s",
            ", ".join(settings.names.hosts) or "localhost",
            ", ".join(settings.names.origins) or "none",
        )


def exempt_startup_objects() -> None:
    """Exempts what exists now, mostly modules, from garbage collection, which also runs less often.

    A full pass over the modules takes 50 ms, during which no request is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


class _Server(uvicorn.Server):
    """A uvicorn server that exits with code 0 after a signal."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As in uvicorn, but asyncio's number of connections at once is not the system's."""
        await super().startup(sockets)
        exempt_startup_objects()
        for one in sockets or ():
            one.listen(WAITING)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As in uvicorn, but the signals are not raised again after the shutdown."""
        before = {
            one: signal.signal(one, self.handle_exit) for one in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
