"""The credentials of a request: each route accepts exactly one scheme, and once.

``Authorization: Bearer`` is accepted everywhere. Downloads also accept the claims of a load
balancer, if one is configured: a browser behind it sends no token itself. Only ``GET`` and ``HEAD``
of files are accepted this way, because another site's page can make a browser post to ``/mcp``.
"""

from __future__ import annotations

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser, BearerAuthBackend
from pydantic import AnyHttpUrl
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from sre_mcp.auth.guard import Guard
from sre_mcp.auth.load_balancer import HEADER
from sre_mcp.auth.verifier import Unavailable
from sre_mcp.health import PATHS

_FILES = ("/reports/", "/exports/")
_SAFE = ("GET", "HEAD")

Known = tuple[AuthCredentials, AuthenticatedUser] | None


class _Repeated(AuthenticationError):
    """The request has more than one credential (RFC 6750, 3.1)."""


class Schemes(AuthenticationBackend):
    """Authenticates requests with the one credential that they may have."""

    def __init__(self, guard: Guard) -> None:
        resource = _resource(guard)
        self._bearer = BearerAuthBackend(guard.verifier, resource_server_url=resource)
        self._balancer = (
            BearerAuthBackend(guard.balancer, resource_server_url=resource)
            if guard.balancer
            else None
        )

    async def authenticate(self, conn: HTTPConnection) -> Known:
        """Returns the user, or None. Raises AuthenticationError; never for health checks."""
        try:
            return await self._authenticate(conn)
        except AuthenticationError:
            if conn.scope["path"] in PATHS:
                return None
            raise

    async def _authenticate(self, conn: HTTPConnection) -> Known:
        claims = conn.headers.getlist(HEADER) if self._balancer else []
        if len(claims) + len(conn.headers.getlist("authorization")) > 1:
            raise _Repeated
        if claims and not _is_file(conn):
            return None
        chosen = self._balancer if claims else None
        known: Known = await (
            chosen.authenticate(_with_token(conn, claims[0]))
            if chosen
            else self._bearer.authenticate(conn)
        )
        return known


def authentication(guard: Guard) -> Middleware:
    """Returns the middleware that authenticates requests."""
    return Middleware(AuthenticationMiddleware, backend=Schemes(guard), on_error=refused)


def refused(_conn: HTTPConnection, error: Exception) -> Response:
    """Returns the response for a request that cannot be authenticated."""
    if isinstance(error, Unavailable):
        return JSONResponse(
            {
                "error": "temporarily_unavailable",
                "error_description": "Tokens cannot be checked",
            },
            503,
            {"Retry-After": "10"},
        )
    return JSONResponse(
        {"error": "invalid_request", "error_description": "Send one credential only"},
        400,
        {"WWW-Authenticate": 'Bearer error="invalid_request"'},
    )


def _resource(guard: Guard) -> AnyHttpUrl | None:
    return guard.settings.resource_server_url if guard.settings.validate_token_resource else None


def _is_file(conn: HTTPConnection) -> bool:
    return conn.scope["method"] in _SAFE and conn.scope["path"].startswith(_FILES)


def _with_token(conn: HTTPConnection, token: str) -> HTTPConnection:
    """Returns the connection as if the claims were sent as a token."""
    header = (b"authorization", b"Bearer " + token.encode("latin-1"))
    return HTTPConnection({**conn.scope, "headers": [header]})
