"""``sre-cli tokens new`` prints the token once, on stdout only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from click.testing import CliRunner

from sre_cli.main import COMMANDS, cli

NEW = ["tokens", "new", "--name", "ci", "--account", "111122223333", "--owner", "payments"]


def test_a_token_is_printed_once_with_its_entry_on_stderr() -> None:
    result = CliRunner().invoke(cli, NEW)
    token = result.stdout.strip()
    assert result.exit_code == 0
    assert token.startswith("sre_")
    entry = json.loads(result.stderr.partition(": ")[2].partition(": ")[2])
    assert entry["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert (entry["accounts"], entry["owners"], entry["scopes"]) == (
        ["111122223333"],
        ["payments"],
        ["findings:read"],
    )
    assert token not in result.stderr


def test_the_entry_is_added_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = CliRunner().invoke(cli, [*NEW, "--to", str(path)]).stdout.strip()
    (entry,) = json.loads(path.read_text())["tokens"]
    assert entry["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o600
    assert token not in path.read_text()


def test_no_token_is_shown_if_its_entry_cannot_be_added(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "tokens.json"
    result = CliRunner().invoke(cli, [*NEW, "--to", str(path)])
    assert result.exit_code != 0
    assert "sre_" not in result.stdout


def test_the_command_is_listed() -> None:
    assert "tokens" in COMMANDS
