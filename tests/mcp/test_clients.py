"""Every kind of client can list and call every tool.

The kinds are the SDK in its three modes, plain HTTP with both protocol versions, and stdio.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from mcp import Client, StdioServerParameters

from sre_mcp.tools.registry import TOOLS
from sre_simulator.fleet import BUSY_INSTANCE

EXAMPLES: Mapping[str, dict[str, Any]] = {
    "check_resource": {"resource_id": BUSY_INSTANCE, "live": False},
    "get_finding": {"finding_arn": "arn:aws:inspector2:eu-west-1:111122223333:finding/none"},
    "where_vulnerable": {"text": "openssl"},
    "take": {
        "resource_id": BUSY_INSTANCE,
        "vulnerability_id": "CVE-2024-3094",
        "release": True,
    },  # writes no claim
}
MODERN = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call"}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
NOT_SET_UP = {"suppressions"}  # an error without a suppressions file
GROWING = {"operations", "claims", "take"}  # every call adds to it, or has its own time


def message(name: str, **more: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": EXAMPLES.get(name, {}), **more}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def call_all(client: Client) -> None:
    listed = {tool.name for tool in (await client.list_tools()).tools}
    assert listed == {*TOOLS}
    for name in listed:
        result = await client.call_tool(name, EXAMPLES.get(name, {}))
        assert result.is_error == (name in NOT_SET_UP), (name, result.content)
        assert (result.structured_content is None) == result.is_error


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_the_sdk_client_lists_and_calls_every_tool(
    http: Any, mode: Literal["auto", "legacy", "2026-07-28"]
) -> None:
    async def talk() -> None:
        async with Client(http.url, mode=mode) as client:
            await call_all(client)

    anyio.run(talk)


@pytest.mark.parametrize("name", TOOLS)
def test_a_plain_post_calls_a_tool_in_both_protocol_versions(http: Any, name: str) -> None:
    legacy = http.post(message(name))
    modern = http.post(message(name, _meta=META), **MODERN, Mcp_Name=name)
    assert (legacy.status, modern.status) == (200, 200)
    for answer in (legacy, modern):
        assert answer.headers["content-type"] == "application/json"
        assert answer.json["result"].get("isError", False) == (name in NOT_SET_UP)
    if name not in NOT_SET_UP:
        said = [
            answer.json["result"]["structuredContent"] | {"age_seconds": None}
            for answer in (legacy, modern)
        ]
        assert said[0].keys() == said[1].keys()
        assert name in GROWING or _without_cursors(said[0]) == _without_cursors(said[1])


def _without_cursors(values: dict[str, Any]) -> dict[str, Any]:
    page = values.get("page", {}) | {"next_cursor": None}
    return values | {"page": page, "next_cursor": None}


@asynccontextmanager
async def over_stdio(store: Path) -> AsyncIterator[Client]:
    command = str(Path(sys.executable).parent / "sre-cli")
    environ = {"SRE_STORE": str(store), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    async with Client(
        StdioServerParameters(command=command, args=["serve", "--stdio"], env=environ)
    ) as client:
        yield client


def test_a_process_serves_a_client_over_stdio(demo_store: Path) -> None:
    async def talk() -> None:
        async with over_stdio(demo_store) as client:
            await call_all(client)

    anyio.run(talk)


def test_every_tool_but_take_is_marked_read_only(http: Any) -> None:
    tools = http.post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).json["result"]["tools"]
    for tool in tools:
        hints = tool["annotations"]
        assert hints["readOnlyHint"] is (tool["name"] != "take")
        if not hints["readOnlyHint"]:
            assert (hints["destructiveHint"], hints["idempotentHint"]) == (False, True)
        assert tool["title"]
        assert len(tool["description"]) > 90
        assert tool["outputSchema"]["type"] == "object"
        assert tool["inputSchema"]["additionalProperties"] is False
        for name, argument in tool["inputSchema"]["properties"].items():
            assert argument.get("description"), (tool["name"], name)
