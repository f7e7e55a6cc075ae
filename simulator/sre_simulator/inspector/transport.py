"""HTTP/1.1 on 127.0.0.1: keep-alive, the headers of API Gateway, and connection failures."""

from __future__ import annotations

import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from sre_simulator.errors import Refusal
from sre_simulator.inspector.control import control
from sre_simulator.inspector.dispatcher import Answer

if TYPE_CHECKING:
    from threading import Event

    from sre_simulator.inspector.dispatcher import Dispatcher

LARGEST_BODY = 2 * 1024 * 1024  # a nextToken can have a million characters
_CONTROL = "/_simulator/"


class Endpoint(ThreadingHTTPServer):
    """The listening socket, with one thread per connection."""

    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def __init__(self, dispatcher: Dispatcher, port: int, latency: float, stopping: Event) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.dispatcher = dispatcher
        self.latency = latency
        self.stopping = stopping
        self._open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Remembers a new connection, so that it can be closed."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints errors, except those of clients that disconnected."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stops listening, and closes connections that clients keep alive."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                continue
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # sends headers and body together
    timeout = 75  # API Gateway closes idle connections too

    @property
    def _endpoint(self) -> Endpoint:
        return cast("Endpoint", self.server)

    def do_POST(self) -> None:
        """Handles an operation, or the control endpoint."""
        body = self._body()
        if body is None:
            return
        if self.path.startswith(_CONTROL):
            self._send(control(self._endpoint.dispatcher, self.path.removeprefix(_CONTROL), body))
        else:
            answer = self._endpoint.dispatcher.handle(
                self.path, self.headers.get("Authorization", ""), body
            )
            self._endpoint.stopping.wait(answer.delay + self._endpoint.latency)
            self._send(answer)

    def do_GET(self) -> None:
        """Returns the log of the control endpoint; all operations of the service are POST."""
        if self.path.startswith(_CONTROL):
            self._send(control(self._endpoint.dispatcher, self.path.removeprefix(_CONTROL), None))
        else:
            self._refuse(404, "UnknownOperationException", "Unknown operation")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- http.server's signature
        """Does nothing: the dispatcher keeps the log."""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._refuse(411, "MissingContentLengthException", "A Content-Length is required")
            return None
        if int(length) > LARGEST_BODY:
            self._refuse(413, "RequestEntityTooLargeException", "The request is too large")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.close_connection = True
        refused = Refusal(status, code, message)
        self._send(Answer(refused.status, refused.body, refused.headers))

    def _send(self, answer: Answer) -> None:
        if answer.reset:
            self._reset()
            return
        self.send_response_only(answer.status)
        identity = str(uuid4())
        trace = f"Root=1-{identity[:8]}-{identity[9:].replace('-', '')}"
        headers = {"Date": self.date_time_string(), "Content-Type": "application/json"}
        headers |= {"x-amzn-RequestId": identity, "x-amz-apigw-id": identity[:16]}
        headers |= {
            "X-Amzn-Trace-Id": trace,
            **answer.headers,
            "Content-Length": str(len(answer.body)),
        }
        if answer.sent is not None or self.close_connection:
            self.close_connection = True
            headers["Connection"] = "close" if answer.sent is None else "keep-alive"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        # send_header interprets "keep-alive".
        self.close_connection |= answer.sent is not None
        self.wfile.write(answer.body if answer.sent is None else answer.body[: answer.sent])
        self.wfile.flush()

    def _reset(self) -> None:
        # With a linger time of zero, close() sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile.close()
        self.rfile.close()
        self.connection.close()
