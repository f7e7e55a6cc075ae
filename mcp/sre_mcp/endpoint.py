"""The outermost layer over HTTP: what the transport itself would answer in a way that hangs or
misleads, and who is near."""

from __future__ import annotations

import ipaddress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"


Headers = list[tuple[bytes, bytes]]


class OnlyPost:
    """Answers 405 to everything but POST on the one path, for a stateless server has no stream to
    offer.

    A GET would open a stream that never ends. A slash at the end is forgiven here: a redirect would
    lead to http, and lose the token on its way.
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
    """Who names no media type takes any (RFC 9110, 12.5.1); the SDK would refuse them."""
    return (
        headers
        if any(name == b"accept" for name, _ in headers)
        else [*headers, (b"accept", b"*/*")]
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
