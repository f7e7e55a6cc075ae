"""Clients on Node: the TypeScript SDK, the protocol's conformance suite, and MCP Inspector."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sre_mcp.prompts import PROMPTS
from sre_mcp.tools.registry import TOOLS
from sre_simulator.fleet import BUSY_INSTANCE

FOLDER = Path(__file__).with_name("node")
MODULES = FOLDER / "node_modules"
EXAMPLES: dict[str, dict[str, Any]] = {
    "check_resource": {"resource_id": BUSY_INSTANCE, "live": False},
    "get_finding": {"finding_arn": "arn:aws:inspector2:eu-west-1:111122223333:finding/none"},
    "where_vulnerable": {"text": "openssl"},
    "take": {
        "resource_id": BUSY_INSTANCE,
        "vulnerability_id": "CVE-2024-3094",
        "release": True,
    },  # writes no claim
}
NOT_SET_UP = {"suppressions"}
BASELINE = re.compile(r"  - [a-z0-9-]+:[a-z0-9-]+  # .{20,}")


@pytest.fixture(scope="module")
def node() -> str:
    """Node 22, in the version pinned for the clients."""
    found = sorted(MODULES.glob("node-*/bin/node"))
    if not found:
        pytest.skip("the clients of Node are not here; run: make node")
    return str(found[0])


def run(node: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {
        "PATH": f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [node, *arguments], cwd=FOLDER, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("mode", ["v1", "legacy", "auto", "2026-07-28"])
def test_the_typescript_clients_list_and_call_every_tool(node: str, http: Any, mode: str) -> None:
    done = run(node, "call_all.mjs", mode, http.url, json.dumps(EXAMPLES))
    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    assert came["called"] == {
        name: {"isError": name in NOT_SET_UP, "structured": name not in NOT_SET_UP}
        for name in TOOLS
    }
    assert came["prompts"] == [*PROMPTS]
    assert came["read"] == "application/json"


@pytest.mark.parametrize(
    "suite", [("--suite", "all", "--spec-version", "2025-11-25"), ("--suite", "all", "--spec-version", "2026-07-28"),
              ("--requirements", "2026-07-28")], ids=lambda suite: "-".join(suite).replace("--", "")
)  # fmt: skip
def test_the_server_conforms_except_for_fixtures_of_the_suite(
    node: str, http: Any, suite: tuple[str, ...]
) -> None:
    program = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    done = run(
        node,
        program,
        "server",
        "--url",
        http.url,
        *suite,
        "--expected-failures",
        f"conformance-{suite[-1]}.yml",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "all failures are expected" in done.stdout


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_each_expected_failure_is_one_check_with_its_reason(version: str) -> None:
    lines = (FOLDER / f"conformance-{version}.yml").read_text().splitlines()
    entries = [line for line in lines if line.startswith("  - ")]
    assert entries
    assert all(BASELINE.fullmatch(line) for line in entries)


def inspect(node: str, http: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
    return run(node, program, "--cli", http.url, "--transport", "http", *arguments)


def test_mcp_inspector_accepts_every_schema(node: str, http: Any) -> None:
    done = inspect(node, http, "--method", "tools/list", "--strict")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert {tool["name"] for tool in json.loads(done.stdout)["tools"]} == {*TOOLS}


@pytest.mark.parametrize("name", sorted({*TOOLS} - NOT_SET_UP))
def test_mcp_inspector_calls_every_tool(node: str, http: Any, name: str) -> None:
    given = [
        part
        for key, value in EXAMPLES.get(name, {}).items()
        for part in ("--tool-arg", f"{key}={json.dumps(value)}")
    ]
    done = inspect(
        node,
        http,
        "--protocol-era",
        "modern",
        "--method",
        "tools/call",
        "--tool-name",
        name,
        *given,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["structuredContent"]
