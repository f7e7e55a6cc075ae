"""Spans are exported over OTLP, contain no client input, and delay no response."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.support.http_server import HttpRequest, HttpResponse, HttpServer

from sre_mcp.collector import shipping

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SECRET = "sre_a-token-that-nobody-may-see"


@dataclass
class Span:
    """A received span with its resource attributes."""

    name: str
    trace_id: str
    parent: str
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


@dataclass
class Received:
    """The requests that a collector has received."""

    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """The decoded spans."""
        every = []
        for body in self.bodies:
            request: Any = ExportTraceServiceRequest.FromString(body)
            for some in request.resource_spans:
                of = _plain(some.resource.attributes)
                every += [_span(one, of) for scope in some.scope_spans for one in scope.spans]
        return every


def _span(one: Any, resource: dict[str, Any]) -> Span:
    assert not one.events
    assert not one.trace_state
    assert not one.status.message
    return Span(
        one.name,
        one.trace_id.hex(),
        one.parent_span_id.hex(),
        one.status.code == 2,
        _plain(one.attributes),
        resource,
    )


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


class Collector(HttpServer):
    """A collector of spans. It responds with ``status`` once ``let`` is set."""

    def __init__(self, status: int = 200, *, silent: bool = False) -> None:
        super().__init__()
        self.got, self.status, self.let = Received(), status, threading.Event()
        if not silent:
            self.let.set()

    def respond(self, request: HttpRequest) -> HttpResponse:
        """See HttpServer."""
        self.let.wait(60)
        self.got.paths.append(request.path)
        self.got.kinds.append(request.headers["content-type"])
        self.got.bodies.append(request.body)
        return HttpResponse(self.status)


@pytest.fixture
def listen(running: Any) -> Iterator[Any]:
    """``listen(status=401)`` starts a collector."""
    with ExitStack() as stack:

        def start(status: int = 200, *, silent: bool = False) -> Collector:
            server = Collector(status, silent=silent)
            stack.enter_context(running(server))
            stack.callback(server.let.set)
            return server

        yield start


def tool(name: str, meta: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, **({"_meta": meta} if meta else {})}
    return {"jsonrpc": "2.0", "id": SECRET, "method": "tools/call", "params": params}


def test_a_span_has_the_request_id_tool_source_and_outcome(
    serve: Any, demo_store: Path, listen: Any
) -> None:
    collector = listen()
    with serve(demo_store, **{ENDPOINT: collector.url}) as server:
        answer = server.post(tool("list_findings", token_budget=1000), X_Request_Id="req-7").json[
            "result"
        ]["structuredContent"]
        server.post(tool("get_finding"), X_Request_Id="req-8")
    assert "spans are exported to 127.0.0.1" in "".join(server.log)
    assert (collector.got.paths, collector.got.kinds) == (
        ["/v1/traces"],
        ["application/x-protobuf"],
    )
    good, bad = sorted(collector.got.spans, key=lambda one: one.attributes["sre.request_id"])
    assert good.name == "tools/call list_findings"
    assert good.attributes == {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "list_findings",
        "sre.request_id": "req-7",
        "sre.tool": "list_findings",
        "sre.outcome": "answered",
        "sre.source": "snapshot",
        "sre.rows": answer["page"]["listed"],
        "sre.snapshot_id": answer["snapshot_id"],
    }
    assert not good.failed
    assert bad.failed
    assert (bad.attributes["sre.outcome"], bad.attributes["error.type"]) == ("usage", "usage")
    assert "sre.source" not in bad.attributes
    assert good.resource["service.name"] == "sre-ops-mcp"
    assert good.resource["service.version"]
    assert not [name for name in good.resource if name.startswith(("process.", "host."))]


def test_a_span_contains_no_client_input(
    serve_with_auth: Any, serve: Any, demo_store: Path, listen: Any
) -> None:
    collector = listen()
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "tracestate": f"a={SECRET}",
        "baggage": f"a={SECRET}",
        "traceparent": SECRET,
    }
    meta = {
        "traceparent": SECRET,
        "tracestate": f"a={SECRET}",
        "sre-operations-assistant/person": SECRET,
    }
    messages = [
        tool(SECRET),
        tool("check_resource", meta, resource_id=SECRET, live=False),
        tool("check_resource", {SECRET: 1}, **{SECRET: 1}),
        {"jsonrpc": "2.0", "id": SECRET, "method": SECRET, "params": {"name": SECRET}},
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "resources/read",
            "params": {"uri": f"sre://resources/{SECRET}"},
        },
        {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": SECRET}},
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "prompts/get",
            "params": {"name": SECRET, "arguments": {SECRET: SECRET}},
        },
    ]
    with serve(demo_store, **{ENDPOINT: collector.url}) as server:
        for message in messages:
            server.post(message, **headers)
    assert len(collector.got.spans) == len(messages)
    assert SECRET.encode() not in b"".join(collector.got.bodies)
    assert SECRET not in "".join(server.log)
    names = sorted(one.name for one in collector.got.spans)
    assert names[:2] == ["prompts/get", "resources/read"]
    assert {"tools/call no such tool", "tools/call check_resource", "unknown method"} <= set(names)
    assert [one.failed for one in collector.got.spans if one.name == "unknown method"] == [True]


@pytest.mark.parametrize("place", ["header", "meta", "both", "none"])
def test_the_trace_of_a_client_is_continued(
    serve: Any, demo_store: Path, listen: Any, place: str
) -> None:
    collector = listen()
    other = f"00-{'1' * 32}-{'2' * 16}-01"
    header = {"header": TRACEPARENT, "both": other}.get(place)
    meta = {"traceparent": TRACEPARENT, "tracestate": "a=b"} if place in ("meta", "both") else None
    with serve(demo_store, **{ENDPOINT: collector.url, "OTEL_SERVICE_NAME": "ours"}) as server:
        server.post(
            tool("snapshots", meta),
            **({"traceparent": header, "tracestate": "a=b"} if header else {}),
        )
        server.post(tool("snapshots"))
    first, second = collector.got.spans
    assert (first.trace_id == TRACE, first.parent == PARENT) == (place != "none", place != "none")
    assert (second.trace_id == TRACE, second.parent) == (
        False,
        "",
    ), "the next request is of no trace"
    assert first.resource["service.name"] == "ours"


@pytest.mark.parametrize("trouble", ["refused", "silent", "unauthorized", "nowhere"])
def test_a_dead_collector_delays_and_fails_nothing(
    serve: Any, demo_store: Path, listen: Any, trouble: str
) -> None:
    match trouble:
        case "silent":
            url = listen(silent=True).url
        case "unauthorized":
            url = listen(status=401).url
        case "refused":
            with socket.create_server(("127.0.0.1", 0)) as closed:
                url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        case _:
            url = "no-address-at-all"
    quick = {
        "OTEL_BSP_SCHEDULE_DELAY": "1",
        "OTEL_BSP_MAX_QUEUE_SIZE": "2",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1",
    }
    with serve(demo_store, **{ENDPOINT: url}, **quick) as server:
        answers = [server.call("snapshots") for _ in range(30)]
    assert not [one for one in answers if one.get("isError")]
    assert server.process.returncode == 0, "and it stops"
    said = [line for line in server.log if "spans may be lost" in line]
    assert len(said) <= 1, "it does not fill the log"
    assert not [line for line in server.log if " opentelemetry." in line]
    assert trouble != "silent" or any(
        "did not accept the last spans" in line for line in server.log
    )
    assert trouble == "silent" or said


def test_without_a_collector_nothing_is_imported_or_sent(serve: Any, demo_store: Path) -> None:
    with serve(demo_store, OTEL_SDK_DISABLED="true", **{ENDPOINT: "http://127.0.0.1:9"}) as server:
        assert not server.call("snapshots").get("isError")
    assert "spans" not in "".join(server.log)
    for environ in (
        {},
        {ENDPOINT: ""},
        {ENDPOINT: "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ):
        with shipping(environ):
            assert threading.active_count() == len(threading.enumerate())
            assert "OtelBatchSpanRecordProcessor" not in [one.name for one in threading.enumerate()]


_WITHOUT = """
import sys
sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None  # as where the extra is not installed
sys.argv = ["sre-cli", "serve", "--stdio"]
from sre_cli.main import main
main()
"""


def test_without_the_extra_the_server_logs_what_to_install(demo_store: Path) -> None:
    environ = os.environ | {"SRE_STORE": str(demo_store), ENDPOINT: "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = [one for one in done.stderr.splitlines() if "spans are not exported" in one]
    assert "pip install 'sre-operations-assistant[otel]'" in line


@pytest.mark.parametrize(
    ("more", "said", "code"),
    [
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTLP protocol grpc is not supported, only http/protobuf",
            0,
        ),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "spans cannot be exported", 2),
    ],
)
def test_unsupported_variables_are_reported(
    demo_store: Path, more: dict[str, str], said: str, code: int
) -> None:
    environ = os.environ | {"SRE_STORE": str(demo_store), ENDPOINT: "http://127.0.0.1:9"} | more
    command = [str(Path(sys.executable).parent / "sre-cli"), "serve", "--stdio"]
    done = subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_spans_over_stdio_have_request_ids(demo_store: Path, listen: Any) -> None:
    collector = listen()
    environ = os.environ | {"SRE_STORE": str(demo_store), ENDPOINT: collector.url}
    version = "2025-11-25"
    hello = {
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": SECRET, "version": SECRET},
    }
    lines: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        tool("snapshots"),
    ]
    command = [str(Path(sys.executable).parent / "sre-cli"), "serve", "--stdio"]
    with subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        for line in lines:
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            if "id" in line:
                process.stdout.readline()
        process.stdin.close()
        process.wait(60)
    spans = collector.got.spans
    assert [one.name for one in spans] == ["initialize", "tools/call snapshots"]
    assert len({one.attributes["sre.request_id"] for one in spans}) == 2
    assert SECRET.encode() not in b"".join(collector.got.bodies)
