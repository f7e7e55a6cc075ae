"""Authentication of downloads: the same tokens, hosts and origins as for ``/mcp``."""

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
"""Headers of responses with private content."""

NOT_FOUND = "not_found"  # outcome in the audit log


@dataclass(frozen=True, slots=True)
class Authentication:
    """Authentication in front of an ASGI application."""

    security: TransportSecuritySettings
    guard: Guard | None

    def protect(self, app: ASGIApp) -> ASGIApp:
        """Returns the application behind authentication.

        Without a guard, all clients on this machine are accepted.
        """
        return _TrustedHost(self.security, self._authenticated(app))

    def _authenticated(self, app: ASGIApp) -> ASGIApp:
        if self.guard is None:
            return app
        settings = self.guard.settings
        metadata_url = (
            build_resource_metadata_url(settings.resource_server_url)
            if settings.resource_server_url
            else None
        )
        return RequireAuthMiddleware(app, settings.required_scopes or [], metadata_url)


class _TrustedHost:
    """Refuses unknown hosts and origins, as the SDK does for ``/mcp``."""

    def __init__(self, security: TransportSecuritySettings, app: ASGIApp) -> None:
        self._security, self._app = TransportSecurityMiddleware(security), app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = await self._security.validate_request(Request(scope))
        await (refused or self._app)(scope, receive, send)


def not_found() -> Response:
    """Returns the same response for missing files and files that the client may not see."""
    return JSONResponse({"error": "not found"}, status_code=404, headers=PRIVATE)


def unavailable(what: str, status: int) -> Response:
    """Returns an error response that asks to retry after a few seconds."""
    return JSONResponse(
        {"error": what}, status_code=status, headers={**PRIVATE, "Retry-After": "10"}
    )
