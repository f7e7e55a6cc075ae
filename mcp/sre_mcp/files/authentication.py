"""Who is let in to files: whoever is let in to ``/mcp``, by the same token, names and origins."""

from __future__ import annotations

from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_mcp.auth.guard import Guard

PRIVATE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Headers of whatever is of somebody."""

NOT_FOUND = "not_found"  # as an outcome of an operation


@dataclass(frozen=True, slots=True)
class Gate:
    """Stands before an application."""

    security: TransportSecuritySettings
    guard: Guard | None

    def before(self, app: ASGIApp) -> ASGIApp:
        """The application for those who are let in; without a guard everybody on this machine
        is."""
        return _Known(self.security, self._asked(app))

    def _asked(self, app: ASGIApp) -> ASGIApp:
        if self.guard is None:
            return app
        settings = self.guard.settings
        told = (
            build_resource_metadata_url(settings.resource_server_url)
            if settings.resource_server_url
            else None
        )
        return RequireAuthMiddleware(app, settings.required_scopes or [], told)


class _Known:
    """Refuses what does not name this server, and pages of others, as the SDK does for ``/mcp``."""

    def __init__(self, security: TransportSecuritySettings, app: ASGIApp) -> None:
        self._security, self._app = TransportSecurityMiddleware(security), app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = await self._security.validate_request(Request(scope))
        await (refused or self._app)(scope, receive, send)


def nothing() -> Response:
    """The one answer to what is not there, is not there any more, and is not for this caller."""
    return JSONResponse({"error": "not found"}, status_code=404, headers=PRIVATE)


def trouble(what: str, status: int) -> Response:
    """An answer that may be another one soon."""
    return JSONResponse(
        {"error": what}, status_code=status, headers={**PRIVATE, "Retry-After": "10"}
    )
