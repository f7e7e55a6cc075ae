"""``/healthz``: the process is alive. ``/readyz``: a sure answer can be given. Neither asks who wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sre_findings.ask.ready import Ready, ready
from sre_findings.ask.sources import Sources

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

    async def ready(self, _request: Request) -> JSONResponse:
        """200, or 503 with the reason."""
        async with self._looking:
            now = self.clock()
            if self._seen is None or now - self._seen[0] > _KEPT:
                self._seen = now, await self._look()
            seen = self._seen[1]
        return JSONResponse(seen.to_json(), status_code=503 if seen.why else 200)

    async def _look(self) -> Ready:
        with anyio.move_on_after(_PATIENCE):
            return await anyio.to_thread.run_sync(ready, self.sources, abandon_on_cancel=True)
        return Ready("the store does not answer")


def routes(sources: Sources) -> list[Route]:
    """Both routes."""
    health = Health(sources)
    return [Route("/healthz", health.alive, methods=["GET"]), Route("/readyz", health.ready, methods=["GET"])]
