"""The ways to invoke a function.

The Invoke API is below /2015-03-31/functions, and API Gateway is on every other path.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from sre_simulator.aws_lambda.environment import Result
from sre_simulator.loopback import LoopbackHandler, LoopbackServer

_FUNCTIONS = "/2015-03-31/functions/"
_LARGEST = 262_144  # maximum size of an asynchronous event, in bytes
_BROKEN = b'{"message":"Internal Server Error"}'


class Named(Protocol):
    """The settings of a deployment that the API uses."""

    @property
    def name(self) -> str:
        """The name of the function."""
        ...


class Invoked(Protocol):
    """The interface of a function that the API uses."""

    @property
    def deployment(self) -> Named:
        """The deployment that it runs."""
        ...

    refusal: int
    payload: str

    def invoke(self, event: bytes) -> Result:
        """Invokes the function and waits for the result."""
        ...

    def invoke_later(self, event: bytes) -> None:
        """Invokes the function asynchronously."""
        ...


class FunctionApi(LoopbackServer):
    """Both APIs on one port of the loopback."""

    def __init__(self, function: Invoked) -> None:
        super().__init__(_Request)
        self.function = function


class _Request(LoopbackHandler):
    server: FunctionApi  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers
    protocol_version = "HTTP/1.1"

    def get(self) -> None:
        """Handles every method alike."""
        self._served()

    def post(self) -> None:
        """Handles every method alike."""
        self._served()

    def _served(self) -> None:
        body = self.read_body()
        if self.path.startswith(_FUNCTIONS):
            self._invoked(body)
        else:
            self._passed(body)

    def _invoked(self, body: bytes) -> None:
        function, refusal = self.server.function, self._refusal(body)
        if refusal:
            self.respond(refusal, b'{"Message":"refused"}')
        elif self.headers.get("X-Amz-Invocation-Type") == "Event":
            function.invoke_later(body)
            self.respond(202, b"")
        else:
            result = function.invoke(body)
            self.respond(
                200, result.payload, {"X-Amz-Function-Error": "Unhandled"} if result.error else {}
            )

    def _refusal(self, body: bytes) -> int:
        """Returns the status of an invocation that Lambda refuses, or 0 if it accepts it."""
        function = self.server.function
        name = unquote(urlsplit(self.path).path.removeprefix(_FUNCTIONS).partition("/")[0])
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return 403
        if name != function.deployment.name:
            return 404
        return 413 if len(body) > _LARGEST else function.refusal

    def _passed(self, body: bytes) -> None:
        """Passes the request on as an event, and the function's result back as HTTP.

        This is the part of API Gateway.
        """
        event = (_event_2 if self.server.function.payload == "2.0" else _event_1)(self, body)
        result = self.server.function.invoke(json.dumps(event).encode())
        try:
            said = json.loads(result.payload)
            status, headers, answer = (
                said["statusCode"],
                said.get("headers") or {},
                str(said.get("body", "")).encode(),
            )
            answer = (
                base64.b64decode(answer, validate=True) if said.get("isBase64Encoded") else answer
            )
        except (ValueError, LookupError, TypeError, binascii.Error):
            status, headers, answer = 500, {"Content-Type": "application/json"}, _BROKEN
        self.respond(status, answer, headers)


def _event_2(request: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any]:
    """Returns the event of an HTTP API: header names in lower case, bodies of forms in Base64."""
    place = urlsplit(request.path)
    http = {
        "method": request.command,
        "path": place.path,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
    }
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": place.path,
        "rawQueryString": place.query,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "requestContext": {
            "http": http,
            "stage": "$default",
            "requestId": "local",
            "timeEpoch": int(time.time() * 1e3),
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _event_1(request: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any]:
    """Returns the event of a REST API, with everything unchanged."""
    place = urlsplit(request.path)
    return {
        "resource": "/{proxy+}",
        "path": place.path,
        "httpMethod": request.command,
        "headers": dict(request.headers.items()),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "queryStringParameters": None,
        "requestContext": {
            "httpMethod": request.command,
            "path": place.path,
            "stage": "prod",
            "requestId": "local",
        },
        "body": body.decode("utf-8", "replace"),
        "isBase64Encoded": False,
    }
