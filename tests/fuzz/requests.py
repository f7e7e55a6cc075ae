"""Random HTTP requests and tool calls, valid ones and changed ones, each from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.fuzz.values import changed, encoded, text, value

from sre_mcp.tools.registry import TOOLS
from sre_mcp.tools.schemas import arguments

RawHeaders = list[tuple[bytes, bytes]]

PATHS = (
    "/mcp",
    "/mcp/",
    "/",
    "/healthz",
    "/readyz",
    "/exports/",
    "/exports/abc",
    "/reports/",
    "/reports/2026-11-22/",
    "/reports/2026-11-22/owner/payments/findings.csv",
    "/reports/../../etc/passwd",
    "/.well-known/oauth-protected-resource/mcp",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X")
VERSIONS = ("2025-06-18", "2025-11-25", "2026-07-28", "1999-01-01", "")
HEADERS: Mapping[str, tuple[str, ...]] = {
    "host": ("127.0.0.1", "LOCALHOST", "localhost:1", "evil.example", "a@localhost", ""),
    "origin": ("http://localhost:1", "null", "https://evil.example", "http://a@localhost"),
    "accept": ("*/*", "application/json", "text/event-stream", "text/html", ""),
    "content-type": ("application/json", "application/json; charset=utf-16", "text/plain", ""),
    "content-length": ("0", "7", "99999999", "-1", "x"),
    "mcp-protocol-version": VERSIONS,
    "mcp-method": ("tools/call", "tools/list", "resources/read", "\xff"),
    "mcp-name": ("summarize", "=?base64?eA==?=", "=?base64?!?=", ""),
    "mcp-session-id": ("x", ""),
    "mcp-param-text": ("x",),
    "x-amzn-oidc-data": ("a.b.c", ""),
    "x-request-id": ("ok", "a b", "\xff"),
    "x-forwarded-for": ("203.0.113.7",),
    "traceparent": ("00-" + "1" * 32 + "-" + "2" * 16 + "-01", "x"),
    "range": ("bytes=0-3", "bytes=9-1", "bytes=-1", "x", "bytes=0-0,2-2,4-4"),
    "if-modified-since": ("x",),
    "last-event-id": ("1",),
    "authorization": ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c", "bearer sre_x"),
}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "fuzz", "version": "1"},
}
PARAMS: Mapping[str, Mapping[str, Any]] = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "fuzz", "version": "1"},
    },
    "ping": {},
    "server/discover": {},
    "tools/list": {"cursor": "x"},
    "resources/list": {},
    "resources/templates/list": {},
    "resources/read": {"uri": "sre://snapshots/latest"},
    "resources/subscribe": {"uri": "sre://snapshots/latest"},
    "prompts/list": {},
    "prompts/get": {"name": "triage-instance", "arguments": {"resource": "prod-web-36"}},
    "completion/complete": {
        "ref": {"type": "ref/prompt", "name": "plan-patching"},
        "argument": {"name": "owner", "value": "pay"},
    },
    "logging/setLevel": {"level": "debug"},
    "notifications/initialized": {},
    "notifications/cancelled": {"requestId": 1},
    "notifications/progress": {"progressToken": 1, "progress": 1},
}


@dataclass(frozen=True, slots=True)
class HttpInput:
    """A request. The client disconnects in the middle of the body if it is ``cut``."""

    method: str
    path: str
    headers: RawHeaders
    body: list[bytes] = field(default_factory=list)
    cut: bool = False


def http_input(rng: Random, tokens: tuple[str, ...]) -> HttpInput:
    """A request: in most cases a message to ``/mcp``, in the others to any path."""
    if rng.random() < 0.7:
        body = encoded(rng, message(rng))
        headers = {"host": "127.0.0.1", "content-type": "application/json"}
        if rng.random() < 0.5:
            headers["mcp-protocol-version"] = rng.choice(VERSIONS)
        method, path = "POST", "/mcp"
    else:
        body = rng.choice((b"", b"{}", rng.randbytes(rng.randrange(200))))
        headers = {"host": "127.0.0.1"}
        method, path = rng.choice(METHODS), rng.choice(PATHS)
        path += text(rng) if rng.random() < 0.4 else ""
    if tokens and rng.random() < 0.8:
        headers["authorization"] = f"Bearer {rng.choice(tokens)}"
    return HttpInput(
        method, path, _headers(rng, headers), _pieces(rng, body), cut=rng.random() < 0.05
    )


def message(rng: Random) -> Any:
    """A JSON-RPC message, half of them changed."""
    method = rng.choice(["tools/call"] * len(PARAMS) + [*PARAMS])
    params = dict(PARAMS[method]) if method in PARAMS else tool_call(rng)
    if rng.random() < 0.4:
        params["_meta"] = META
    found: Any = {"jsonrpc": "2.0", "id": rng.choice((1, "a", 0, -1)), "method": method}
    found["params"] = params
    if rng.random() < 0.1:
        del found["id"]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        found = changed(rng, found)
    return [found] if rng.random() < 0.03 else found


def tool_call(rng: Random) -> dict[str, Any]:
    """The parameters of a call whose arguments match the tool's schema, or almost."""
    name = rng.choice([*TOOLS])
    schema = arguments(TOOLS[name].arguments)
    required = schema.get("required", [])
    given = {
        one: _argument(rng, about)
        for one, about in schema["properties"].items()
        if one in required or rng.random() < 0.3
    }
    if rng.random() < 0.3:
        given = changed(rng, given)
    return {"name": name, "arguments": given}


def _argument(rng: Random, schema: Mapping[str, Any]) -> Any:
    if rng.random() < 0.1 or not schema.keys() & {"anyOf", "enum", "const", "type"}:
        return value(rng)
    if "anyOf" in schema:
        return _argument(rng, rng.choice(schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return rng.choice(schema.get("enum") or [schema["const"]])
    if schema["type"] == "array":
        return [_argument(rng, schema.get("items", {})) for _ in range(rng.randrange(3))]
    if schema["type"] == "integer":
        return rng.randint(schema.get("minimum", -2), schema.get("maximum", 1_000_000))
    return rng.random() < 0.5 if schema["type"] == "boolean" else text(rng)


def _headers(rng: Random, given: Mapping[str, str]) -> RawHeaders:
    """The headers, with further ones, some twice."""
    pairs = [*given.items()]
    for _ in range(rng.choice((0, 0, 1, 2, 5))):
        name = rng.choice([*HEADERS])
        told = rng.choice(HEADERS[name])
        pairs = [one for one in pairs if one[0] != name or rng.random() < 0.2]
        pairs.append((name, told if rng.random() < 0.8 else text(rng)))
    return [
        (name.encode(), "".join(told.split("\n")).encode("latin-1", "replace"))
        for name, told in pairs
    ]


def _pieces(rng: Random, body: bytes) -> list[bytes]:
    """The body in one piece or several."""
    if rng.random() < 0.7:
        return [body]
    place = rng.randrange(len(body) + 1)
    return [body[:place], b"", body[place:]]
