"""The ways to invoke a function: the Invoke API below /2015-03-31/functions, and API Gateway on
every other path.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from sre_simulator.aws_lambda.environment import Result

_FUNCTIONS = "/2015-03-31/functions/"
_LARGEST = 262_144  # maximum size of an asynchronous event, in bytes
_BROKEN = b'{"message":"Internal Server Error"}'


class Named(Protocol):
    """The settings of a deployment that are used here."""

    @property
    def name(self) -> str:
        """The name of the function."""
        ...


class Invoked(Protocol):
    """The function as seen from here."""

    @property
    def deployment(self) -> Named:
        """The deployment that it runs."""
        ...

    refusal: int
    payload: str

    def invoke(self, event: bytes) -> Result:
        """Invokes it and waits."""
        ...

    def invoke_later(self, event: bytes) -> None:
        """Invokes it asynchronously."""
        ...


class FunctionApi(ThreadingHTTPServer):
    """Both APIs on one port of the loopback."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, function: Invoked) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.function = function
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def start(self) -> None:
        """Serves from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stops serving."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Request(BaseHTTPRequestHandler):
    server: FunctionApi  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Handles every method alike."""
        self._served()

    def do_POST(self) -> None:
        """Handles every method alike."""
        self._served()

    def _served(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith(_FUNCTIONS):
            self._invoked(body)
        else:
            self._passed(body)

    def _invoked(self, body: bytes) -> None:
        function, refusal = self.server.function, self._refusal(body)
        if refusal:
            self._answer(refusal, b'{"Message":"refused"}')
        elif self.headers.get("X-Amz-Invocation-Type") == "Event":
            function.invoke_later(body)
            self._answer(202, b"")
        else:
            result = function.invoke(body)
            self._answer(
                200, result.payload, {"X-Amz-Function-Error": "Unhandled"} if result.error else {}
            )

    def _refusal(self, body: bytes) -> int:
        """The status of an invocation that Lambda refuses, or 0 if it accepts it."""
        function = self.server.function
        name = unquote(urlsplit(self.path).path.removeprefix(_FUNCTIONS).partition("/")[0])
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            return 403
        if name != function.deployment.name:
            return 404
        return 413 if len(body) > _LARGEST else function.refusal

    def _passed(self, body: bytes) -> None:
        """API Gateway: passes the request on as an event, and the function's result back as
        HTTP."""
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
        self._answer(status, answer, headers)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Nothing on stderr."""


def _event_2(request: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any]:
    """The event of an HTTP API: header names in lower case, and bodies of forms in Base64."""
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
    """The event of a REST API: everything unchanged."""
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
