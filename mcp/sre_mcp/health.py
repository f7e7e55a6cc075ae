"""``/healthz``: the process is alive. ``/readyz``: a sure answer can be given.

Both answer anybody, for a load balancer has no token. Which snapshot is the newest, and how old, is
told on this machine, and to whoever has a token to read findings.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sre_findings.ask.ready import Ready, ready
from sre_findings.ask.sources import Sources
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.endpoint import is_loopback

_KEPT = 5.0  # seconds: anybody may ask as often as they like, and the store must not notice
_PATIENCE = 10.0


@dataclass(slots=True)
class Health:
    """Looks at the sources at most once in a few seconds."""

    sources: Sources
    clock: Callable[[], float] = time.monotonic
    _seen: tuple[float, Ready] | None = None
    _looking: anyio.Lock = field(default_factory=anyio.Lock)

    async def alive(self, _request: Request) -> JSONResponse:
        """200 as long as anything answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """200, or 503 with the reason."""
        async with self._looking:
            now = self.clock()
            if self._seen is None or now - self._seen[0] > _KEPT:
                self._seen = now, await self._look()
            seen = self._seen[1]
        told = seen.to_json() if _is_known(request) else {"ready": not seen.why, "why": seen.why}
        return JSONResponse(told, status_code=503 if seen.why else 200)

    async def _look(self) -> Ready:
        with anyio.move_on_after(_PATIENCE):
            return await anyio.to_thread.run_sync(ready, self.sources, abandon_on_cancel=True)
        return Ready("the store does not answer")


def _is_known(request: Request) -> bool:
    """Whether who asks may know more: they are on this machine, and no proxy asks for them, or they
    have a token."""
    user = request.scope.get("user")
    if isinstance(user, AuthenticatedUser):
        return FINDINGS in user.scopes
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for"))
    return not forwarded and request.client is not None and is_loopback(request.client.host)


def routes(sources: Sources) -> list[Route]:
    """Both routes."""
    health = Health(sources)
    return [
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
    ]
