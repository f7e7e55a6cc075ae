"""The documentation matches the code."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from sre_cli.main import COMMANDS, cli
from sre_findings.settings import SETTINGS, Setting
from sre_findings.store.schema.tables import TABLES
from sre_mcp.app import LARGEST_BODY
from sre_mcp.execution import DEADLINE
from sre_mcp.tools.registry import TOOLS
from sre_mcp.transports import GRACE, KEEP_ALIVE

ROOT = Path(__file__).resolve().parents[2]
MCP = (ROOT / "docs" / "mcp.md").read_text()


def block(text: str, command: str) -> str:
    """The output that a page shows under ``$ command``."""
    found = re.search(rf"```\n\$ {re.escape(command)}\n(.*?)```", text, re.DOTALL)
    assert found, f"no block shows: {command}"
    return found[1]


def test_the_page_of_commands_shows_the_help_as_it_is() -> None:
    shown = block((ROOT / "docs" / "commands.md").read_text(), "sre-cli --help")
    real = CliRunner().invoke(cli, ["--help"], prog_name="sre-cli", terminal_width=80).output
    assert shown.split() == real.split()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_page_of_commands(command: str) -> None:
    assert (
        f"sre-cli {command}" in (ROOT / "docs" / "commands.md").read_text().split("## Examples")[1]
    )


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, heading = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert heading in {
                re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles
            }, target


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_every_setting_is_documented_with_its_variable_default_and_meaning(
    setting: Setting,
) -> None:
    row = f"| `{setting.key}` | `{setting.variable}` | {setting.default} | {setting.meaning} |"
    assert row in (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize(("name", "schema"), TABLES.items())
def test_the_schema_page_names_every_column_with_its_type_in_order(
    name: str, schema: pa.Schema
) -> None:
    page = (ROOT / "docs" / "schema.md").read_text()
    section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
    shown = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    plain = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    assert shown == [(f.name, str(t).split("[")[0]) for f, t in zip(schema, plain, strict=True)]


def test_the_page_of_the_server_has_its_tools_resources_and_prompts_as_they_are() -> None:
    spec = importlib.util.spec_from_file_location("mcp_page", ROOT / "docs" / "mcp_page.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.renewed(MCP) == MCP
    for name in TOOLS:
        assert f"### `{name}`" in MCP


def test_the_configurations_for_clients_are_json_that_start_our_server() -> None:
    found = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", MCP, re.DOTALL)]
    servers = [
        one for config in found for one in (config.get("mcpServers") or config["servers"]).values()
    ]
    assert len(servers) == 5
    for one in servers:
        assert one.get("args") == ["serve", "--stdio"] or one["url"].endswith("/mcp")


def test_the_limits_that_the_page_names_are_those_of_the_server() -> None:
    for said in (
        f"{LARGEST_BODY // 1024**2} MiB",
        f"{DEADLINE:g} seconds per call",
        f"{KEEP_ALIVE} seconds",
        f"for {GRACE} seconds",
    ):
        assert said in MCP


def test_every_module_that_the_architecture_names_exists() -> None:
    named = set(
        re.findall(r"`([\w./]+\.(?:py|sql|tsv))`", (ROOT / "docs" / "architecture.md").read_text())
    )
    assert len(named) > 30
    files = {
        str(path.relative_to(ROOT))
        for folder in ("findings", "scanner", "reports", "mcp", "schedules", "notebooks", "tests")
        for path in (ROOT / folder).rglob("*.*")
    }
    assert [
        name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in files)
    ] == []


def test_the_architecture_describes_every_package_of_the_core() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.split("\n| package | content |\n")[1].split("\n\n")[0]
    described = [
        name
        for row in table.splitlines()[1:]
        for name in re.findall(r"`(\w+)`", row.split(" | ")[0])
    ]
    core = ROOT / "findings" / "sre_findings"
    assert sorted(described) == sorted(path.parent.name for path in core.glob("*/__init__.py"))
