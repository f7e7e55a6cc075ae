"""A store with two snapshots of the simulated fleet, and an S3 whose answers a test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer

import pytest

from sre_findings.store.blobs import FolderBlobs
from sre_findings.store.snapshot_writer import SnapshotWriter
from sre_findings.store.table import SqliteTable
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import default_fleet
from sre_simulator.inspector.server import Simulator

KEYS = {
    "AWS_ACCESS_KEY_ID": "TESTING",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> SnapshotWriter:
    """Two snapshots of the default fleet, scanned once for all tests. No test writes to it."""
    folder = tmp_path_factory.mktemp("nights") / "store"
    snapshots, fleet = SnapshotWriter(FolderBlobs(folder)), default_fleet(nights=2)
    request = Request(regions=fleet.regions, required=fleet.regions, rate=5000.0)
    with pytest.MonkeyPatch.context() as patch, Simulator(fleet) as simulator:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_ENDPOINT_URL_INSPECTOR2", simulator.url)
        for night in fleet.nights:
            simulator.clock = night
            scan(request, snapshots, SqliteTable(folder / "table.db"), now=lambda: simulator.clock)
    return snapshots


class S3(ThreadingHTTPServer):
    """Answers every request with ``status`` and ``body``, and keeps the names of its headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.status, self.body = 200, b"<x/>"
        self.headers: list[list[str]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3  # pyright: ignore[reportIncompatibleVariableOverride] - only S3 makes handlers

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.headers.append([name.lower() for name in self.headers])
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Nothing on stderr."""


@pytest.fixture
def s3(
    running: Callable[[BaseServer], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3]:
    """An S3 on the loopback, set as the endpoint of the AWS SDK."""
    with running(server := S3()):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        yield server
