"""Any input gets a response: never a 500, a traceback or a hang."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sre_mcp.tools import schemas
from sre_mcp.tools.registry import TOOLS

FEW = settings(
    max_examples=settings().max_examples * 40 // 100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
WORDS = st.sampled_from(
    [
        "i-0b36f1e4a7c92d508",
        "openssl",
        "CVE-2024-3094",
        "payments",
        "yesterday",
        "-7d",
        "20261122T010000Z",
        "' or 1=1 --",
        "%",
        "../..",
        "arn:aws:inspector2:*:*:finding/*",
        '{"a": 1}',
        "$(id)",
        "\x00",
        "\n",
        "i-xyz",
        "prod-web-36",
        "9999-99-99",
        "-9999w",
        "",
    ]
)


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that match a schema, with the texts above among them."""
    if "anyOf" in schema:
        return st.one_of(*map(values, schema["anyOf"]))
    if chosen := schema.get("enum") or [schema[word] for word in ("const",) if word in schema]:
        return st.sampled_from(chosen)
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=min(4, schema["maxItems"]))
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    return st.booleans() if schema["type"] == "boolean" else texts(schema)


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"))
    low, high = schema.get("minLength", 0), min(schema.get("maxLength", 60), 60)
    return st.text(min_size=low, max_size=high) | WORDS.filter(lambda word: low <= len(word))


def arguments(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    names, needed = schema["properties"], schema.get("required", [])
    optional = {name: values(one) for name, one in names.items() if name not in needed}
    return st.fixed_dictionaries({name: values(names[name]) for name in needed}, optional=optional)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | WORDS,
    lambda more: (
        st.lists(more, max_size=4) | st.dictionaries(st.text(max_size=10), more, max_size=4)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("name", TOOLS)
def test_valid_arguments_are_answered_or_refused_with_a_message(name: str, call: Any) -> None:
    @FEW
    @given(arguments(schemas.arguments(TOOLS[name].arguments)))
    def holds(given: dict[str, Any]) -> None:
        _check(call(name, **given))

    holds()


@pytest.mark.parametrize("name", TOOLS)
def test_arbitrary_arguments_are_refused_with_a_message(name: str, call: Any) -> None:
    names = st.sampled_from([*TOOLS[name].arguments.model_fields]) | st.text(max_size=10).filter(
        lambda one: one != "name"
    )

    @FEW
    @given(st.dictionaries(names, ANYTHING, max_size=4))
    def holds(given: dict[str, Any]) -> None:
        _check(call(name, **given))

    holds()


def _check(result: Any) -> None:
    text = result.content[0].text
    assert "Traceback" not in text
    assert "internal error" not in text, text
    if result.is_error:
        parts = result.meta["sre-operations-assistant/error"]
        assert parts["kind"] in {"usage", "ambiguous_name"}
        assert parts["do"], text
        assert result.structured_content is None


def test_errors_name_the_argument_but_not_its_value(call: Any) -> None:
    result = call("check_resource", resource="x", severities=["awful-secret"])
    assert result.is_error
    text = result.content[0].text
    assert "unknown argument `'resource'`" in text
    assert "`resource_id` is required" in text
    assert "severities.0" in text
    assert "Arguments:" in text
    assert "awful-secret" not in text


def test_numbers_and_strings_are_not_converted(call: Any) -> None:
    for wrong in (
        {"days": "9"},
        {"days": 9.5},
        {"days": True},
        {"days": None},
        {"days": 0},
        {"kind": 1},
    ):
        assert call("trend", **wrong).is_error, wrong


def test_injections_have_no_effect(call: Any) -> None:
    before = call("summarize").structured_content["counts"]
    for text in (
        "x' or '1'='1",
        "'; drop table findings; --",
        "%",
        "*",
        "\\",
        "$1",
        ":text",
        "i-0b36f1e4a7c92d508' --",
    ):
        answer = call("check_resource", resource_id=text).structured_content
        assert (answer["verdict"], answer["reason"]) == ("unknown", "no_such_resource")
        assert call("where_vulnerable", text=text).structured_content["total_findings"] == 0
        assert call("list_findings", owners=[text]).is_error
    assert call("summarize").structured_content["counts"] == before


def test_unknown_resources_and_findings_are_answers_not_errors(call: Any) -> None:
    answer = call("check_resource", resource_id="i-0123456789abcdef0")
    assert not answer.is_error
    assert "unknown" in answer.content[0].text.split("\n")[0]
    assert "not an all-clear" in answer.content[0].text.split("\n")[0]
    assert call("get_finding", finding_arn="arn:x").structured_content["found"] is False


def test_an_ambiguous_name_is_an_error_that_lists_the_ids(call: Any) -> None:
    names = [
        one["name"]
        for one in call("summarize", by="resource").structured_content["groups"]
        if one["name"]
    ]
    shared = next(name for name in names if names.count(name) > 1)
    result = call("check_resource", resource_id=shared)
    assert result.is_error
    assert len(result.meta["sre-operations-assistant/error"]["candidates"]) == names.count(shared)


BAD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"1e999",
    b"\xff\xfe",
    b'{"jsonrpc":"2.0"}',
    b'{"jsonrpc":"1.0","id":1,"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}',
    b'{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
    b'{"jsonrpc":"2.0","id":1,"method":"no/such"}',
    b"[" * 100_000,
    b'{"a":' * 20_000,
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"check_resource","arguments":{"resource_id":"\\ud800"}}}',
    b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]',
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:30]))
@pytest.mark.parametrize("modern", [False, True])
def test_bodies_that_are_not_requests_are_refused(http: Any, body: bytes, modern: bool) -> None:
    headers = (
        {
            "MCP_Protocol_Version": "2026-07-28",
            "Mcp_Method": "tools/call",
            "Mcp_Name": "check_resource",
        }
        if modern
        else {}
    )
    answer = http.post(body, **headers)
    assert answer.status in {200, 202, 400, 404, 406, 415}
    assert b"Traceback" not in answer.body
    _alive(http)


def test_the_server_survives_arbitrary_bytes(http: Any) -> None:
    @settings(
        max_examples=settings().max_examples * 60 // 100,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.binary(max_size=300), st.sampled_from(["application/json", "text/plain", ""]))
    def holds(body: bytes, kind: str) -> None:
        answer = http.request("POST", body=body, Content_Type=kind)
        assert 200 <= answer.status < 500

    holds()
    _alive(http)


def test_a_body_over_one_mebibyte_is_refused_unread(http: Any) -> None:
    assert http.post(b"x" * (1024 * 1024 + 1)).status == 413
    with socket.create_connection((http.host, http.port), timeout=30) as connection:
        headers = (
            f"Host: {http.host}:{http.port}\r\nContent-Type: application/json\r\nContent-Length:"
            " 99999999\r\n\r\n"
        )
        connection.sendall(f"POST /mcp HTTP/1.1\r\n{headers}".encode())
        assert b" 413 " in connection.recv(1024)


def test_only_post_is_allowed(http: Any) -> None:
    for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD"):
        answer = http.request(method, Accept="text/event-stream")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert http.request("POST", "/mcp/", b"{}", Content_Type="application/json").status == 400
    assert http.request("GET", "/").status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example.com"}, 421),
        ({"Host": "127.0.0.1.evil.example.com"}, 421),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "LOCALHOST"}, 200),
        ({"Host": "localhost.:8080"}, 200),
        ({"Host": "127.1.2.3"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "localhost@evil.example.com"}, 421),
        ({"Host": "evil.example.com@localhost"}, 421),
        ({"Host": "evil.example.com/localhost"}, 421),
        ({"Host": "localhost:1:2"}, 421),
        ({"Host": "localhost:x"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "HTTP://LOCALHOST:6274"}, 200),
        ({"Origin": "http://[::1]:6274"}, 200),
        ({"Origin": "http://localhost:6274.evil.example.com"}, 403),
        ({"Origin": "http://localhost:6274@evil.example.com"}, 403),
        ({"Origin": "http://localhost:6274/"}, 403),
        ({"Origin": "file://"}, 403),
    ],
)
def test_only_allowed_hosts_and_origins_are_accepted(
    http: Any, headers: dict[str, str], status: int
) -> None:
    assert (
        http.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, **headers).status == status
    )


def test_an_unknown_tool_is_an_error_that_names_the_tools(http: Any) -> None:
    result = http.call("rm -rf")
    assert result["isError"]
    assert "check_resource" in result["content"][0]["text"]


def _alive(http: Any) -> None:
    assert http.request("GET", "/healthz").json == {"status": "ok"}
    assert not any("Traceback" in line for line in http.log)
