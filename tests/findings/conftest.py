"""Local services for the tests of findings: an HTTP server that answers as it is told, S3 and
DynamoDB by moto.

Everything is on 127.0.0.1; nothing here or below leaves it.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    pass


@dataclass
class Reply:
    """One answer of the server. ``cut`` sends only so many bytes of the body and closes; ``reset``
    says nothing at all."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    silent: threading.Event | None = None


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Server(ThreadingHTTPServer):
    """Answers with ``replies`` in order, the last one for ever, and keeps what was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies: list[Reply] = [Reply()]
        self.asked: list[Asked] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reply(self, *replies: Reply) -> None:
        """Sets the answers and forgets what was asked."""
        self.replies, self.asked = list(replies), []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - no other server makes these handlers

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with self.server.lock:
            self.server.asked.append(Asked(self.path, dict(self.headers.items()), body))
            reply = (
                self.server.replies.pop(0)
                if len(self.server.replies) > 1
                else self.server.replies[0]
            )
        self._answer(reply)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815 - the standard library's names

    def _answer(self, reply: Reply) -> None:
        if reply.silent is not None:
            reply.silent.wait(20)
        self.close_connection = reply.cut is not None or reply.reset or reply.silent is not None
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: reply.cut])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def http_of_module(running: Any) -> Iterator[Server]:
    """The server behind ``http``."""
    with running(server := Server()):
        yield server


@pytest.fixture
def http(http_of_module: Server) -> Server:
    """An HTTP server on the loopback that answers as the test says; ``{}`` until then."""
    http_of_module.reply(Reply())
    return http_of_module


@pytest.fixture
def reply() -> type[Reply]:
    """How a test words an answer of ``http``."""
    return Reply


@pytest.fixture
def refused() -> str:
    """An address where nobody listens: the port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def race() -> Callable[[int, Callable[[int], bool]], list[bool]]:
    """Runs ``one(number)`` in so many threads, all let go at once, and gives what each returned."""

    def run(count: int, one: Callable[[int], bool]) -> list[bool]:
        barrier, results = threading.Barrier(count), [False] * count

        def enter(number: int) -> None:
            barrier.wait()
            results[number] = one(number)

        threads = [threading.Thread(target=enter, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


_RACER = """
import sys
from pathlib import Path
from sys import argv
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def processes() -> Callable[[str, Sequence[Sequence[str]]], list[str]]:
    """Runs a script in a process for each of ``arguments``, all let go at once, and gives what each
    printed."""

    def run(script: str, arguments: Sequence[Sequence[str]]) -> list[str]:
        imports, _, rest = script.strip().partition("\n")
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", f"{imports}\n{_RACER}\n{rest}", *one],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for one in arguments
        ]
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = [racer.communicate(timeout=60)[0] for racer in racers]
        assert [racer.returncode for racer in racers] == [0] * len(racers)
        return said

    return run


class Time:
    """A clock that only ``wait`` moves. ``waits`` are the pauses that were asked for."""

    def __init__(self) -> None:
        self.now, self.waits = 1000.0, list[float]()

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def fresh_time() -> Callable[[], Time]:
    """Makes a clock for the injected ``clock`` and ``wait``; each call a new one, so that a
    property may ask often."""
    return Time
