"""The HTTP endpoint ``/mcp``.

It corrects requests that the SDK's transport would answer with a hanging or misleading response.
"""

from __future__ import annotations

import ipaddress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"

Headers = list[tuple[bytes, bytes]]


class PostOnly:
    """Answers 405 to any method but POST on PATH.

    A stateless server has no stream to offer, and a GET would never end. A trailing slash is
    accepted, because a redirect could lead to http and expose the token.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            if scope["method"] != "POST":
                refused = JSONResponse(
                    {"error": "use POST"}, status_code=405, headers={"Allow": "POST"}
                )
                return await refused(scope, receive, send)
            scope = {
                **scope,
                "path": PATH,
                "raw_path": PATH.encode(),
                "headers": _accepting(scope["headers"]),
            }
        return await self._app(scope, receive, send)


def _accepting(headers: Headers) -> Headers:
    """Adds ``Accept: */*`` if it is missing (RFC 9110, 12.5.1): the SDK requires the header."""
    return (
        headers
        if any(name == b"accept" for name, _ in headers)
        else [*headers, (b"accept", b"*/*")]
    )


def is_loopback(host: str) -> bool:
    """Returns whether the host is reachable from this machine only."""
    name = without_dot(host)
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def without_dot(host: str) -> str:
    """Returns a host name in lower case and without the dot of the root domain."""
    return host.lower().removesuffix(".")
