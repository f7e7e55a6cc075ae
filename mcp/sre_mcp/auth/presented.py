"""A browser behind a load balancer sends no token of its own: for files, what the balancer says of
it is the token."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from sre_mcp.auth.balancer import HEADER

_FILES = ("/reports/", "/exports/")
_SAFE = ("GET", "HEAD")


class Presented:
    """Before authentication. Of files alone: what a page of somebody else makes a browser post to
    ``/mcp`` has no token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if (
            scope["type"] == "http"
            and scope["method"] in _SAFE
            and scope["path"].startswith(_FILES)
        ):
            headers = dict(scope["headers"])
            if HEADER in headers and b"authorization" not in headers:
                scope = {
                    **scope,
                    "headers": [
                        *scope["headers"],
                        (b"authorization", b"Bearer " + headers[HEADER]),
                    ],
                }
        await self._app(scope, receive, send)
