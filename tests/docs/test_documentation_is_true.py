"""What the documentation says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from sre_cli.main import COMMANDS, cli
from sre_findings.settings import SETTINGS, Setting
from sre_findings.store.schema import TABLES

ROOT = Path(__file__).resolve().parents[2]


def block(text: str, command: str) -> str:
    """The output that a page shows under ``$ command``."""
    found = re.search(rf"```\n\$ {re.escape(command)}\n(.*?)```", text, re.DOTALL)
    assert found, f"no block shows: {command}"
    return found[1]


def test_the_readme_shows_the_help_as_it_is() -> None:
    shown = block((ROOT / "README.md").read_text(), "sre-cli --help")
    real = CliRunner().invoke(cli, ["--help"], prog_name="sre-cli", terminal_width=80).output
    assert shown.split() == real.split()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"sre-cli {command}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.key)
def test_every_setting_is_documented_with_its_variable_default_and_meaning(setting: Setting) -> None:
    row = f"| `{setting.key}` | `{setting.variable}` | {setting.default} | {setting.meaning} |"
    assert row in (ROOT / "docs" / "operations.md").read_text()


@pytest.mark.parametrize(("name", "schema"), TABLES.items())
def test_the_schema_page_names_every_column_with_its_type_in_order(name: str, schema: pa.Schema) -> None:
    page = (ROOT / "docs" / "schema.md").read_text()
    section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
    shown = re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE)
    plain = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    assert shown == [(f.name, str(t).split("[")[0]) for f, t in zip(schema, plain, strict=True)]
