"""Authentication of downloads: the same tokens as for ``/mcp``."""

from __future__ import annotations

from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

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

    guard: Guard | None

    def protect(self, app: ASGIApp) -> ASGIApp:
        """Returns the application behind authentication.

        Without a guard, all clients on this machine are accepted.
        """
        if self.guard is None:
            return app
        settings = self.guard.settings
        metadata_url = (
            build_resource_metadata_url(settings.resource_server_url)
            if settings.resource_server_url
            else None
        )
        return RequireAuthMiddleware(app, settings.required_scopes or [], metadata_url)


def not_found() -> Response:
    """Returns the same response for missing files and files that the client may not see."""
    return JSONResponse({"error": "not found"}, status_code=404, headers=PRIVATE)


def unavailable(what: str, status: int) -> Response:
    """Returns an error response that asks to retry after a few seconds."""
    return JSONResponse(
        {"error": what}, status_code=status, headers={**PRIVATE, "Retry-After": "10"}
    )
