"""An HTTP server on localhost for tests, with scripted responses and recorded requests."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

_LONGEST_WAIT = 60.0  # the longest time that a response waits, in seconds


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received, with header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response, and its faults.

    Only ``cut`` bytes of the body are sent, the connection is ``reset``, or the response first
    waits for ``after``.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    after: threading.Event | None = None


def json_response(values: object, status: int = 200, **headers: str) -> HttpResponse:
    """A response with a JSON body; ``_`` in header names stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(
        status, json.dumps(values).encode(), {"Content-Type": "application/json", **named}
    )


class HttpServer(ThreadingHTTPServer):
    """Sends ``responses`` in order and then repeats the last one.

    Subclasses may override ``respond``. It serves within ``with running(server)`` (see the fixture
    ``running``).
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, *responses: HttpResponse, keep_alive: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _KeepAliveHandler if keep_alive else _Handler)
        self.responses = list(responses)
        self.requests: list[HttpRequest] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.address}"

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Returns the response to a request. May run in several threads at the same time."""
        with self._lock:
            if len(self.responses) > 1:
                return self.responses.pop(0)
            return self.responses[0] if self.responses else HttpResponse()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    def _handle(self) -> None:
        server = cast("HttpServer", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = HttpRequest(self.command, self.path, headers, body)
        server.requests.append(request)
        with contextlib.suppress(ConnectionError):
            self._send(server.respond(request))

    def _send(self, response: HttpResponse) -> None:
        if response.after:
            response.after.wait(_LONGEST_WAIT)
        if response.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        if response.reset or response.after or response.cut is not None:
            self.close_connection = True
        if not response.reset:
            self._write(response)

    def _write(self, response: HttpResponse) -> None:
        self.send_response(response.status)
        for name, value in {**response.headers, "Content-Length": str(len(response.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body[: response.cut])

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Writes nothing to stderr."""


class _KeepAliveHandler(_Handler):
    protocol_version = "HTTP/1.1"
