"""Connections without a complete request keep no client waiting."""

from __future__ import annotations

import contextlib
import http.client
import resource
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from sre_mcp.connections import Connections, Limits

# As many as this machine permits.
MANY = min(2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 300)
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HALVES = (
    b"",
    b"GET /healthz HTTP/1.1\r\nHost: local",
    (
        b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    ),
)


@pytest.fixture(autouse=True)
def _enough_files() -> Iterator[None]:
    """Lets this process have a file descriptor for each connection, if the system permits it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def attack(server: Any, number: int, kept: contextlib.ExitStack) -> None:
    """Opens connections and sends the beginning of a request, or nothing."""
    for one in range(number):
        connection = socket.create_connection((server.host, server.port), timeout=60)
        kept.enter_context(connection)
        with contextlib.suppress(OSError):  # the server may have closed it
            connection.sendall(HALVES[one % len(HALVES)])


def test_two_thousand_half_open_connections_delay_no_client(demo_store: Path, serve: Any) -> None:
    with serve(demo_store) as server, contextlib.ExitStack() as kept:
        for _ in range(20):
            attack(server, MANY // 20, kept)
            assert server.request("GET", "/healthz", patience=1).status == 200
            assert server.post(LIST, patience=1).status == 200
    assert len("".join(server.log)) < 10_000


def test_with_few_file_descriptors_health_checks_are_answered(demo_store: Path, serve: Any) -> None:
    few = ("sh", "-c", 'ulimit -n 400; exec "$@"', "sh")
    with serve(demo_store, prefix=few) as server, contextlib.ExitStack() as kept:
        for _ in range(20):
            attack(server, 50, kept)
            assert server.request("GET", "/healthz", patience=1).status == 200
    assert len("".join(server.log)) < 10_000


LATER = 60.0  # seconds: never, in a test


class Application:
    """``/wait`` is answered once ``let`` is set, ``/large`` with more than a client buffers."""

    def __init__(self) -> None:
        self.asked, self.let, self.closed = (threading.Event() for _ in range(3))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (message := await receive()).get("more_body", False):
            pass
        if message["type"] == "http.disconnect":
            return
        self.asked.set()
        if scope["path"] == "/wait":
            await anyio.to_thread.run_sync(self.let.wait, LATER)
        size = 50_000_000 if scope["path"] == "/large" else 2
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"connection", b"keep-alive")],
            }
        )
        await send({"type": "http.response.body", "body": b"x" * size, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        self.closed.set()


class Server:
    """The application behind limits, in a thread."""

    def __init__(self, app: Application, limits: Limits) -> None:
        self.app, connections = app, Connections(limits)
        self.config = uvicorn.Config(
            connections.protect(app),
            http=connections.protocol(),
            lifespan="off",
            log_config=None,
        )
        self.address = ("127.0.0.1", 0)
        self.kept = contextlib.ExitStack()

    def open(self, data: bytes = b"") -> socket.socket:
        connection = socket.create_connection(self.address, timeout=LATER)
        connection.sendall(data)
        return self.kept.enter_context(connection)

    def client(self) -> http.client.HTTPConnection:
        client = http.client.HTTPConnection(*self.address, timeout=LATER)
        return self.kept.enter_context(contextlib.closing(client))


@contextlib.contextmanager
def limited(**limits: Any) -> Iterator[Server]:
    """``with limited(header=0.05) as server``: other limits are too large to matter."""
    values = {"header": LATER, "body": LATER, "unread": LATER, **limits}
    server = Server(Application(), Limits(**values))
    serving = uvicorn.Server(server.config)
    with socket.create_server(server.address) as listener, server.kept:
        server.address = listener.getsockname()
        thread = threading.Thread(target=serving.run, args=([listener],))
        thread.start()
        try:
            yield server
        finally:
            server.app.let.set()
            server.kept.close()
            serving.should_exit = True
            thread.join()


def is_closed(connection: socket.socket) -> bool:
    """Waits until the server closes the connection."""
    with connection, contextlib.suppress(ConnectionResetError):
        return connection.recv(1) == b""
    return True


def status(client: http.client.HTTPConnection, path: str) -> int:
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    return answer.status


@pytest.mark.parametrize("half", HALVES, ids=["nothing", "header", "body"])
def test_a_request_that_does_not_arrive_in_time_is_closed(half: bytes) -> None:
    with limited(header=0.05, body=0.05) as server:
        assert is_closed(server.open(half))


def test_a_slow_answer_and_an_idle_connection_have_no_such_limit() -> None:
    with limited(header=0.05, body=0.05) as server:
        waiting, idle = server.client(), server.client()
        assert status(idle, "/") == 200
        waiting.request("GET", "/wait")
        assert server.app.asked.wait(LATER)
        assert is_closed(server.open()), "so the limit has passed"
        server.app.let.set()
        assert waiting.getresponse().status == 200
        assert status(idle, "/") == 200


def test_at_the_limit_the_oldest_unused_connection_is_closed() -> None:
    with limited(most=3, for_health=0) as server:
        idle, oldest, newer = server.client(), server.open(HALVES[1]), server.open(HALVES[1])
        assert status(idle, "/") == 200
        kept = server.client()
        assert status(kept, "/") == 200
        assert is_closed(oldest)
        newer.sendall(b"host\r\n\r\n")
        assert newer.recv(12) == b"HTTP/1.1 200"
        assert status(idle, "/") == 200, "an idle connection is closed only if all are"
        newer.close()


def test_a_busy_server_answers_health_checks_and_the_requests_in_progress() -> None:
    with limited(most=1, for_health=1) as server:
        waiting, other = server.client(), server.client()
        waiting.request("GET", "/wait")
        assert server.app.asked.wait(LATER)
        other.request("GET", "/")
        answer = other.getresponse()
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        other.close()
        assert status(server.client(), "/healthz") == 200
        server.app.let.set()
        assert waiting.getresponse().status == 200


def test_a_client_that_does_not_read_its_response_is_closed() -> None:
    with limited(unread=0.05) as server:
        stuck = server.open(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        stuck.recv(1)
        assert server.app.closed.wait(LATER)
        received = 0
        with stuck, contextlib.suppress(ConnectionResetError):
            while piece := stuck.recv(1 << 20):
                received += len(piece)
        assert received < 50_000_000
