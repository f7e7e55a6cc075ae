"""Requests that are no valid HTTP or JSON-RPC get errors of the protocol, and leave no traceback."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest

CALL = b'"jsonrpc":"2.0","method":"tools/list"'
ERRORS = {
    b"{": (-32700, None),
    b"": (-32700, None),
    b"[" * 100_000: (-32700, None),
    b'{"a":' * 20_000: (-32700, None),
    b"\xff\xfe": (-32700, None),
    b'{%b,"id":NaN}' % CALL: (-32700, None),
    b'{%b,"id":"\\ud800"}' % CALL: (-32700, None),
    b"[]": (-32600, None),
    b"[{%b}]" % CALL: (-32600, None),
    b'[{%b,"id":1}]' % CALL: (-32600, None),
    b"7": (-32600, None),
    **{b'{%b,"id":%b}' % (CALL, odd): (-32600, None) for odd in (
        b"true", b"null", b"1.5", b"1.0", b"1e999", b"{}", b"[]", b"[1]"
    )},
    b'{"jsonrpc":"1.0","id":7,"method":"tools/list"}': (-32600, 7),
    b'{"jsonrpc":"2.0","id":"a","method":7}': (-32600, "a"),
    b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}': (-32600, 7),
    b'{"jsonrpc":"2.0"}': (-32600, None),
}  # fmt: skip


@pytest.mark.parametrize("body", ERRORS, ids=lambda body: repr(body[:60]))
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_other_bodies_than_one_message_get_an_error_of_the_protocol(
    http: Any, body: bytes, version: str
) -> None:
    answer = http.post(body, MCP_Protocol_Version=version, Mcp_Method="tools/list")
    code, given = ERRORS[body]
    assert (answer.status, answer.json["id"], answer.json["error"]["code"]) == (400, given, code)
    told = answer.json["error"]["message"]
    assert not [
        word for word in ("pydantic", "validation error", "JSONRPC", "line ") if word in told
    ]


def test_a_second_content_type_changes_nothing(http: Any) -> None:
    with socket.create_connection((http.host, http.port), timeout=30) as connection:
        headers = "Content-Type: application/json\r\nContent-Type: x\r\nContent-Length: 2\r\n"
        request = f"POST /mcp HTTP/1.0\r\nHost: {http.host}\r\n{headers}\r\n[]"
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b"-32600" in received
    assert b"pydantic" not in received


@pytest.mark.parametrize("sent", [b"", b"{", b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'])
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_a_body_that_ends_early_leaves_no_traceback(http: Any, sent: bytes, version: str) -> None:
    with socket.create_connection((http.host, http.port), timeout=30) as connection:
        headers = (
            f"Host: {http.host}:{http.port}\r\nContent-Type: application/json\r\n"
            f"MCP-Protocol-Version: {version}\r\nContent-Length: 9999\r\n"
        )
        connection.sendall(f"POST /mcp HTTP/1.1\r\n{headers}\r\n".encode() + sent)
    _alive(http)


LINES = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
START = b"POST /mcp HTTP/1.1\r\n" + LINES
WHOLE = START + b'Content-Length: 46\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
RAW = {
    "a malformed chunk": START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nxx",
    "a chunk of another length": START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdeXX",
    "two lengths": START + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a chunked body with a length": START
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "garbage after a request": WHOLE + b"garbage\r\n\r\n",
    "null bytes after a request": WHOLE + b"\0" * 20_000,
    "three requests at once": WHOLE * 3,
    "a large header": b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 200_000,
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\0\x01",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT x:1 HTTP/1.1\r\n" + LINES + b"\r\n",
    "a web socket": b"GET /healthz HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + LINES
    + b"\r\n",
    "bytes in a path": b"GET /\xff HTTP/1.1\r\n" + LINES + b"\r\n",
}


@pytest.mark.parametrize("sent", RAW.values(), ids=RAW)
@pytest.mark.parametrize("reads", [True, False])
def test_malformed_http_leaves_no_traceback(http: Any, sent: bytes, reads: bool) -> None:
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection((http.host, http.port), timeout=30) as connection,
    ):
        connection.sendall(sent)
        if reads:
            assert connection.recv(12)[9:10] in {b"2", b"4"}
    _alive(http)


def _alive(http: Any) -> None:
    assert http.request("GET", "/healthz").json == {"status": "ok"}
    assert not any("Traceback" in line for line in http.log)
