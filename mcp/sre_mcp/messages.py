"""Bodies of ``POST /mcp`` that are not one JSON-RPC message get the protocol's own errors.

The SDK's transport answers some of them with its validator's words, takes a request with an invalid
ID for a notification, which leaves the client waiting, and logs a traceback for each client that
disconnects before its body is complete.
"""

from __future__ import annotations

from typing import Any

import pydantic_core
from mcp_types import INVALID_REQUEST, PARSE_ERROR, JSONRPCNotification, jsonrpc_message_adapter
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PARSE_ERROR = "Parse error"
_INVALID = "Invalid Request: the body must be one JSON-RPC message; batches are not supported"
_JSON = "application/json"


class SingleMessages:
    """ASGI middleware behind a limit on the body, which passes the body on in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if not Headers(scope=scope).get("content-type", "").lower().startswith(_JSON):
            return await self._app(scope, receive, send)  # which refuses it
        first = await receive()
        if first["type"] != "http.request" or first.get("more_body", False):
            return None  # the client is gone
        if error := error_of(first["body"]):
            return await JSONResponse(error, status_code=400)(scope, receive, send)
        kept = [first]

        async def replay() -> Message:
            return kept.pop() if kept else await receive()

        return await self._app(scope, replay, send)


def error_of(body: bytes) -> dict[str, Any] | None:
    """Returns the JSON-RPC error for a body, or None if it is one message."""
    try:
        value = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError:  # also nested too deeply
        return _error(PARSE_ERROR, _PARSE_ERROR, None)
    try:
        message = jsonrpc_message_adapter.validate_python(value, by_name=False)
    except ValidationError:
        return _error(INVALID_REQUEST, _INVALID, value)
    # A request with an invalid ID is valid as a notification.
    if isinstance(message, JSONRPCNotification) and "id" in value:
        return _error(INVALID_REQUEST, "Invalid Request: id must be a string or an integer", value)
    return None


def _error(code: int, text: str, value: Any) -> dict[str, Any]:
    given = value.get("id") if isinstance(value, dict) else None
    known = isinstance(given, str | int) and not isinstance(given, bool)
    error = {"code": code, "message": text}
    return {"jsonrpc": "2.0", "id": given if known else None, "error": error}
