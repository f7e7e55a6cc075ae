"""A store with two snapshots of the simulated fleet, and an S3 whose answers a test sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from socketserver import BaseServer

import pytest
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer
from tests.support.shared_stores import copied_snapshots

from sre_findings.store.snapshots.writer import SnapshotWriter


@pytest.fixture(scope="session")
def two_snapshots(tmp_path_factory: pytest.TempPathFactory) -> SnapshotWriter:
    """Two snapshots of the default fleet, scanned once for all tests. Read-only."""
    return copied_snapshots(tmp_path_factory)


class S3(HttpServer):
    """An S3 that answers every request with ``status`` and ``body``."""

    def __init__(self) -> None:
        super().__init__(keep_alive=True)
        self.status, self.body = 200, b"<x/>"

    @property
    def headers(self) -> list[list[str]]:
        """The header names of each request, in lower case."""
        return [list(request.headers) for request in self.requests]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        return HttpResponse(self.status, self.body, {"Content-Type": "application/xml"})


@pytest.fixture
def s3(
    running: Callable[[BaseServer], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3]:
    """An S3 on the loopback, set as the endpoint of the AWS SDK."""
    with running(server := S3()):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        yield server
