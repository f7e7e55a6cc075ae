"""sre-cli tokens new: the token on stdout, once, and nothing of it anywhere else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from click.testing import CliRunner

from sre_cli.main import COMMANDS, cli

NEW = ["tokens", "new", "--name", "ci", "--account", "111122223333", "--owner", "payments"]


def test_a_token_is_printed_once_and_its_entry_beside_it() -> None:
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


def test_it_goes_into_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = CliRunner().invoke(cli, [*NEW, "--to", str(path)]).stdout.strip()
    (entry,) = json.loads(path.read_text())["tokens"]
    assert entry["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o600
    assert token not in path.read_text()


def test_no_token_is_shown_where_it_cannot_be_added(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "tokens.json"
    result = CliRunner().invoke(cli, [*NEW, "--to", str(path)])
    assert result.exit_code != 0
    assert "sre_" not in result.stdout


def test_the_command_is_known() -> None:
    assert "tokens" in COMMANDS
