"""HTTP on 127.0.0.1: the code shared by the stand-ins for Slack and AWS Lambda."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP server in a thread.

    It runs between ``start`` and ``stop``, or while it is entered.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    poll_interval: ClassVar[float] = 0.01  # seconds between checks whether to stop

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.server_port}"
        poll = {"poll_interval": self.poll_interval}
        self._thread = threading.Thread(target=self.serve_forever, kwargs=poll, daemon=True)

    def start(self) -> None:
        """Serves from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stops serving, and waits for the thread to end."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints errors, except those of clients that disconnected."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class LoopbackHandler(BaseHTTPRequestHandler):
    """A handler that logs nothing and sends each response in one piece.

    In several pieces, each would wait for an acknowledgement.
    """

    wbufsize = 65536
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Calls ``get``."""
        self.get()

    def do_POST(self) -> None:
        """Calls ``post``."""
        self.post()

    def get(self) -> None:
        """Responds to a GET: by default 501."""
        self.send_error(501)

    def post(self) -> None:
        """Responds to a POST: by default 501."""
        self.send_error(501)

    def read_body(self) -> bytes:
        """Returns the body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def respond(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends a response."""
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Writes nothing to stderr."""
