"""A server over the demo: in this process with the SDK's client, and as a process over HTTP."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from mcp import Client
from tests.support.clock import session_hour
from tests.support.inspector_findings import inspector_finding
from tests.support.shared_stores import copied_demo
from tests.support.simulated_inspector import simulated_inspector

from sre_findings.service.factory import open_sources
from sre_findings.settings import load
from sre_findings.sources.sources import LiveSources, Sources
from sre_findings.store.objects.blobs import FolderBlobs
from sre_findings.store.records.table import SqliteTable
from sre_findings.store.snapshots.writer import SnapshotWriter
from sre_mcp.app import make_server
from sre_scanner.scan import Request, scan
from sre_simulator.fleet import replay_fleet
from sre_simulator.inspector.server import Fault

SRE_CLI = str(Path(sys.executable).parent / "sre-cli")


@dataclass(frozen=True)
class Http:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


@dataclass
class Served:
    """A server process. ``log`` has its output so far."""

    process: subprocess.Popen[str]
    host: str
    port: int
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"http://{self.host}:{self.port}/mcp"

    def request(
        self,
        method: str,
        path: str = "/mcp",
        body: bytes | None = None,
        patience: float = 60,
        **headers: str,
    ) -> Http:
        """Sends a request on a new connection; ``_`` in header names stands for ``-``."""
        connection = HTTPConnection(self.host, self.port, timeout=patience)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Http(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            connection.close()

    def post(self, message: Any, **headers: Any) -> Http:
        """A POST of JSON, or of bytes unchanged."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.request("POST", body=body, **{"Content_Type": "application/json", **headers})

    def call(self, name: str, **arguments: Any) -> Any:
        """The result of a tool call."""
        asked = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": name, "arguments": arguments},
        }
        return self.post(asked).json["result"]


@contextmanager
def served(
    store: Path, *arguments: str, auth: bool = False, prefix: Sequence[str] = (), **environ: str
) -> Iterator[Served]:
    """Runs ``sre-cli serve`` on a free port of localhost, and ends it with SIGTERM.

    ``prefix`` is a command that runs it.
    """
    ours = {
        "SRE_STORE": str(store),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    command = [
        *prefix,
        SRE_CLI,
        "serve",
        *([] if auth else ["--no-auth"]),
        "--port",
        "0",
        *arguments,
    ]
    process = subprocess.Popen(
        command, env=os.environ | ours | environ, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    log: list[str] = []
    for line in process.stderr:
        log.append(line)
        if "listening on" in line:
            break
    else:
        raise AssertionError("".join(log))
    host, _, port = log[-1].split("http://")[1].partition("/mcp")[0].rpartition(":")
    reader = threading.Thread(target=lambda: log.extend(process.stderr or ()))
    reader.start()
    try:
        yield Served(process, host, int(port), log)
    finally:
        process.terminate()
        process.wait(timeout=60)
        reader.join()
        process.stderr.close()


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[Served]]:
    """``with serve(store, "--allow-host", "x", SRE_MAX_AGE="1s") as server``."""
    return served


@pytest.fixture(scope="session")
def serve_with_auth() -> Callable[..., AbstractContextManager[Served]]:
    """``with serve_with_auth(store, SRE_TOKENS="file:///…") as server``."""
    return functools.partial(served, auth=True)


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as ``sre-cli demo`` creates it: two snapshots of the default fleet."""
    return copied_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def http(demo_store: Path) -> Iterator[Served]:
    """One server process over the demo, shared by all tests that do not end it."""
    with served(demo_store) as server:
        yield server


def sources_of(store: Path) -> Sources:
    """Sources with full access to the store; live queries fail."""
    return replace(
        open_sources(load({"SRE_STORE": str(store)}, Path("/nonexistent"))), live=LiveSources()
    )


Call = Callable[..., Any]


@contextmanager
def connected(sources: Sources) -> Iterator[Call]:
    """The SDK's client on a server in this process.

    ``call("check_resource", resource_id="i-0")``
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Client(make_server(sources))) as client,
    ):
        yield lambda name, **arguments: portal.call(client.call_tool, name, arguments)


@pytest.fixture(scope="session")
def connect() -> Callable[[Sources], AbstractContextManager[Call]]:
    """``connect(sources)``: a client of a server over these sources."""
    return connected


@pytest.fixture(scope="session")
def sources(demo_store: Path) -> Sources:
    """The sources of the demo."""
    return sources_of(demo_store)


@pytest.fixture(scope="session")
def call(sources: Sources) -> Iterator[Call]:
    """A client on the demo."""
    with connected(sources) as calling:
        yield calling


@pytest.fixture(scope="session")
def open_store() -> Callable[[Path], Sources]:
    """Sources of a given store."""
    return sources_of


def finding(number: int, **more: Any) -> dict[str, Any]:
    """A finding of one instance as Inspector sends it.

    Each number gives a different ARN and vulnerability.
    """
    package = {
        "name": f"package-{number % 97}",
        "version": "1.0",
        "fixedInVersion": "1.1",
        "packageManager": "OS",
    }
    details = {"vulnerabilityId": f"CVE-2026-{number:05d}", "vulnerablePackages": [package]}
    fields = {
        "severity": ("CRITICAL", "HIGH", "MEDIUM", "LOW")[number % 4],
        "title": f"title {number}",
        "description": "a description",
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": details,
    }
    return inspector_finding(number, **fields | more)


@pytest.fixture(scope="session")
def make_finding() -> Callable[..., dict[str, Any]]:
    """``make_finding(7, title="…")``."""
    return finding


@pytest.fixture(scope="session")
def scan_into(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Scans these findings into a store.

    ``scan_into(findings)`` creates a store with one snapshot; ``scan_into(findings, store)`` adds a
    snapshot.
    """

    def scan_them(
        findings: list[dict[str, Any]], store: Path | None = None, faults: Sequence[Fault] = ()
    ) -> Path:
        folder = tmp_path_factory.mktemp("recorded")
        (folder / "all.jsonl").write_text("".join(json.dumps(one) + "\n" for one in findings))
        store = store or folder / "store"
        fleet = replay_fleet(folder / "all.jsonl", now=session_hour())
        with simulated_inspector(fleet, faults=faults):
            request = Request(regions=fleet.regions, required=fleet.regions, rate=5000.0)
            scan(request, SnapshotWriter(FolderBlobs(store)), SqliteTable(store / "table.db"))
        return store

    return scan_them
