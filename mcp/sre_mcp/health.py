"""``/healthz``: the process is alive. ``/readyz``: a complete, fresh snapshot can be read.

Neither needs a token, since a load balancer has none, or names the server, since a load balancer
names its address. Whoever does not name it learns only whether it is ready. Details of the snapshot
are shown on this machine, and to clients with a token for findings.
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

from sre_findings.sources.readiness import Ready, ready
from sre_findings.sources.sources import Sources
from sre_mcp.auth.bearer import FINDINGS
from sre_mcp.endpoint import is_loopback
from sre_mcp.trusted_names import TrustedNames

PATHS = ("/healthz", "/readyz")
_KEPT = 5.0  # seconds: frequent requests must not put load on the store
_PATIENCE = 10.0


@dataclass(slots=True)
class Health:
    """The state of the sources, cached for a few seconds."""

    sources: Sources
    names: TrustedNames
    clock: Callable[[], float] = time.monotonic
    _seen: tuple[float, Ready] | None = None
    _looking: anyio.Lock = field(default_factory=anyio.Lock)

    async def alive(self, _request: Request) -> JSONResponse:
        """Returns 200 while the process runs."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """Returns 200, or 503 with the reason."""
        async with self._looking:
            now = self.clock()
            if self._seen is None or now - self._seen[0] > _KEPT:
                self._seen = now, await self._look()
            seen = self._seen[1]
        values: dict[str, object] = {"ready": not seen.why}
        if self.names.problem(request.scope["headers"]) is None:
            values = seen.to_json() if _is_known(request) else values | {"why": seen.why}
        return JSONResponse(values, status_code=503 if seen.why else 200)

    async def _look(self) -> Ready:
        with anyio.move_on_after(_PATIENCE):
            return await anyio.to_thread.run_sync(ready, self.sources, abandon_on_cancel=True)
        return Ready("the store does not respond")


def _is_known(request: Request) -> bool:
    """Returns whether the client may see details.

    It may if it has a token, or is on this machine and not a proxy.
    """
    user = request.scope.get("user")
    if isinstance(user, AuthenticatedUser):
        return FINDINGS in user.scopes
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for"))
    return not forwarded and request.client is not None and is_loopback(request.client.host)


def routes(sources: Sources, names: TrustedNames) -> list[Route]:
    """Returns both routes."""
    health = Health(sources, names)
    return [
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
    ]
