"""Startup, authentication, health checks and shutdown of the server."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.support.clock import month_ago
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer, json_response

from sre_findings.model.errors import UsageError
from sre_mcp.endpoint import is_loopback
from sre_mcp.health import routes
from sre_mcp.transports import (
    HttpSettings,
    _listening,
    exempt_startup_objects,
    serve_http,
)
from sre_mcp.trusted_names import Names, trusted

INSTANCE = "i-0123456789abcdef0"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


class SlowInspector(HttpServer):
    """An Inspector that returns empty lists once ``let`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let = threading.Event(), threading.Event()

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        self.asked.set()
        self.let.wait(60)
        keys = {"coverage": "coveredResources", "status": "accounts"}
        return json_response({keys.get(request.path.split("/")[1], "findings"): []})


@pytest.fixture
def slow_inspector(running: Any) -> Iterator[SlowInspector]:
    with running(server := SlowInspector()):
        yield server
        server.let.set()


def test_sigterm_finishes_requests_and_accepts_no_new_ones(
    demo_store: Path, serve: Any, slow_inspector: SlowInspector
) -> None:
    with serve(demo_store, AWS_ENDPOINT_URL_INSPECTOR2=slow_inspector.url) as server:
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(
                server.call("check_resource", resource_id=INSTANCE, live=True)
            )
        )
        asking.start()
        assert slow_inspector.asked.wait(60)
        server.process.send_signal(signal.SIGTERM)
        _until_refused(server)
        assert server.process.poll() is None
        slow_inspector.let.set()
        asking.join(60)
        assert server.process.wait(60) == 0
    assert answers[0]["structuredContent"]["source"] == "live"
    assert answers[0]["structuredContent"]["verdict"] == "unknown"
    assert any("stopped" in line for line in server.log)


def _until_refused(server: Any) -> None:
    while True:
        try:
            socket.create_connection((server.host, server.port), timeout=60).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


def test_the_log_has_the_address_and_warns_about_missing_auth(http: Any) -> None:
    log = "".join(http.log)
    assert f"listening on {http.url}" in log
    assert "AUTHENTICATION IS OFF" in _until_said(http, "AUTHENTICATION")


def _until_said(server: Any, word: str) -> str:
    """Waits until the log, which a thread reads, contains a word. Returns the log."""
    server.request("GET", "/healthz")
    while word not in (log := "".join(server.log)):
        assert server.process.poll() is None
    return log


def test_without_authentication_only_localhost_is_served(sources: Any) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.com"):
        with pytest.raises(
            UsageError, match="without authentication the server listens on localhost only"
        ):
            serve_http(sources, HttpSettings(host, 0, Names()), guard=None)
    local = ("127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST", "localhost.")
    assert all(map(is_loopback, local))


def test_a_port_in_use_is_an_error(sources: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match="cannot listen on 127"),
    ):
        serve_http(sources, HttpSettings("127.0.0.1", taken.getsockname()[1], Names()), guard=None)


def test_no_response_is_delayed_by_nagles_algorithm() -> None:
    with (
        _listening(HttpSettings("127.0.0.1", 0, Names())) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_hosts_and_origins_can_be_allowed_by_flags_and_settings(
    demo_store: Path, serve: Any
) -> None:
    flags = ("--allow-host", "mcp.example.com", "--allow-origin", "https://tools.example.com")
    with serve(demo_store, *flags, SRE_ALLOWED_HOSTS="a.example.com, b.example.com") as server:
        for host in ("mcp.example.com", "mcp.example.com:8443", "a.example.com", "b.example.com"):
            assert server.post(LIST, Host=host).status == 200
        assert server.post(LIST, Host="c.example.com").status == 421
        assert server.post(LIST, Origin="https://tools.example.com").status == 200
        assert server.post(LIST, Origin="http://tools.example.com").status == 403
        assert server.post(LIST, Origin="HTTPS://Tools.Example.com:443").status == 200
        assert server.post(LIST, Host="MCP.example.com.").status == 200


def test_the_server_is_ready_only_with_complete_fresh_data(
    demo_store: Path, http: Any, serve: Any, tmp_path: Path
) -> None:
    answer = http.request("GET", "/readyz")
    assert (answer.status, answer.json["ready"], answer.json["why"]) == (200, True, "")
    assert answer.json["age_seconds"] >= 0
    with serve(tmp_path / "empty") as server:
        answer = server.request("GET", "/readyz")
        assert (answer.status, answer.json["why"]) == (503, "there is no complete snapshot yet")
        assert server.request("GET", "/healthz").status == 200
        assert (
            "there is no snapshot"
            in server.call("check_resource", resource_id=INSTANCE, live=False)["content"][0]["text"]
        )
    with serve(demo_store, SRE_MAX_AGE="0s") as server:
        answer = server.request("GET", "/readyz")
        assert (answer.status, answer.json["why"]) == (
            503,
            "the newest complete snapshot is stale",
        )
    with serve(demo_store, SRE_CLOCK=month_ago()) as server:
        answer = server.request("GET", "/readyz")
        assert (answer.status, answer.json["why"], answer.json["age_seconds"]) == (
            503,
            "the snapshot starts in the future: check the clocks",
            None,
        )


def test_readiness_details_are_for_local_clients_without_a_proxy(http: Any) -> None:
    assert http.request("GET", "/readyz").json["snapshot_id"]
    for header in (
        {"X_Forwarded_For": "203.0.113.7"},
        {"X_Forwarded_For": "127.0.0.1"},
        {"Forwarded": "for=203.0.113.7"},
    ):
        answer = http.request("GET", "/readyz", **header)
        assert (answer.status, answer.json) == (200, {"ready": True, "why": ""})


@pytest.mark.parametrize(
    "headers",
    [{"Host": "10.0.3.7:8080"}, {"Host": "evil.example"}, {"Origin": "https://evil.example"}],
)
def test_a_health_checker_that_does_not_name_the_server_learns_only_its_state(
    http: Any, headers: dict[str, str]
) -> None:
    answer = http.request("GET", "/readyz", **headers)
    assert (answer.status, answer.json) == (200, {"ready": True})
    assert http.request("GET", "/healthz", **headers).json == {"status": "ok"}


def test_readiness_details_are_hidden_from_remote_clients(sources: Any) -> None:
    for host, told in (
        ("203.0.113.7", False),
        ("2001:db8::1", False),
        ("127.0.0.1", True),
        ("::1", True),
    ):
        with TestClient(
            Starlette(routes=routes(sources, trusted(Names(["testserver"])))), client=(host, 50000)
        ) as client:
            answer = client.get("/readyz")
        assert ("snapshot_id" in answer.json(), "age_seconds" in answer.json()) == (told, told)
        assert answer.json()["ready"] is (answer.status_code == 200)


def test_readiness_errors_do_not_reveal_the_store(
    demo_store: Path, serve: Any, tmp_path: Path
) -> None:
    shutil.copytree(demo_store, tmp_path / "store")
    table = tmp_path / "store" / "table.db"
    table.write_bytes(b"no database at all" * 100)
    with serve(tmp_path / "store") as server:
        answer = server.request("GET", "/readyz")
        assert (answer.status, answer.json["why"]) == (503, "the table cannot be read")
        assert str(tmp_path) not in answer.body.decode()
        result = server.call("trend")
        assert result["isError"]
        assert "the snapshots or their table cannot be read" in result["content"][0]["text"]
        assert str(tmp_path) not in json.dumps(result)
        assert str(table) in _until_said(server, "Check SRE_TABLE"), "it is in the log"
    shutil.rmtree(tmp_path / "store" / "commits")
    (tmp_path / "store" / "commits").mkdir()
    (tmp_path / "store" / "commits" / "000000000001.json").write_text("{")
    table.unlink()
    with serve(tmp_path / "store") as server:
        assert server.request("GET", "/readyz").json["why"] == "the store cannot be read"
        result = server.call("summarize")
        assert result["_meta"]["sre-operations-assistant/error"]["kind"] == "store_unreadable"


def test_the_command_refuses_settings_that_admit_nobody_or_everybody(demo_store: Path) -> None:
    for flags, said in (
        ([], "no tokens are configured"),
        (["--no-auth", "--host", "0.0.0.0"], "localhost only"),
    ):
        done = subprocess.run(
            [str(Path(sys.executable).parent / "sre-cli"), "serve", *flags],
            env=os.environ | {"SRE_STORE": str(demo_store)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_an_internal_error_has_a_reference_and_a_logged_traceback(
    sources: Any, connect: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("sre_findings.queries.summary.summary", broken)
    with connect(sources) as call:
        result = call("summarize")
    assert result.is_error
    text = result.content[0].text
    reference = result.meta["sre-operations-assistant/error"]["why"].removeprefix("reference ")
    assert re.fullmatch("[0-9a-f]{8}", reference)
    assert reference in text
    assert "secret" not in text
    assert any(reference in record.getMessage() and record.exc_info for record in caplog.records)


def test_a_slow_query_ends_with_a_timeout_error(
    sources: Any, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    let = threading.Event()
    monkeypatch.setattr("sre_mcp.execution.DEADLINE", 0.01)
    monkeypatch.setattr("sre_findings.queries.summary.summary", lambda *_: let.wait(60))
    with connect(sources) as call:
        result = call("summarize")
        let.set()
    assert result.meta["sre-operations-assistant/error"]["kind"] == "timeout"


def test_many_concurrent_calls_are_all_answered(http: Any) -> None:
    answers: list[Any] = []
    asked = [
        ("summarize", {"by": "owner"}),
        ("list_findings", {}),
        ("coverage", {}),
        ("where_vulnerable", {"text": "openssl"}),
    ] * 6
    threads = [
        threading.Thread(target=lambda n=name, a=given: answers.append(http.call(n, **a)))
        for name, given in asked
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(asked)
    assert not any(answer.get("isError") for answer in answers)


def test_the_server_exempts_its_modules_from_garbage_collection() -> None:
    threshold = gc.get_threshold()
    gc.unfreeze()  # the tests exempt what they have collected
    gc.set_threshold(700)
    try:
        exempt_startup_objects()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == 50_000
    finally:
        gc.set_threshold(*threshold)
