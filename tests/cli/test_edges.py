"""Exit codes, progress in terminals and logs, completion, and closed pipes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sre_cli import exit_codes
from sre_cli.main import _pipe_errors
from sre_cli.progress import Bars, Lines, watching
from sre_findings.model.errors import (
    AccessDenied,
    AmbiguousName,
    CommitLost,
    Interrupted,
    SreError,
    StoreUnreadable,
    UsageError,
    of_kind,
)

SCRIPT = "from sre_cli.main import main; main()"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (AmbiguousName.of("web", ["i-1", "i-2"]), 7),
        (of_kind("ambiguous_name", "x", "", ""), 7),
        (AccessDenied("x"), 4),
        (StoreUnreadable("x"), 4),
        (CommitLost("x"), 4),
        (Interrupted(), 130),
        (SreError("x"), 70),
    ],
)
def test_each_error_has_its_exit_code(error: SreError, code: int) -> None:
    assert exit_codes.of_error(error) == code


def test_progress_is_bars_in_a_terminal_and_lines_in_a_log(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert type(watching()) is Lines
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert type(watching()) is Bars
    for progress in (Lines(), Bars()):
        with progress:
            progress.expect("eu-west-1", 200)
            progress.advance("eu-west-1", 100)
            progress.trouble("eu-west-1", "findings: \x1b[31mdenied")
    shown = capsys.readouterr().err
    assert shown.count("denied") == 2
    assert "\x1b[31mdenied" not in shown


def test_completion_offers_commands_severities_and_types() -> None:
    def complete(words: str) -> str:
        environ = dict(os.environ) | {
            "_SRE_CLI_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        return subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=False
        ).stdout

    assert "plain,vulnerabilities" in complete("sre-cli vul")
    assert "plain,critical" in complete("sre-cli vulnerabilities -s cri")
    assert "plain,critical,high" in complete("sre-cli vulnerabilities -s critical,h")
    assert "plain,lambda" in complete("sre-cli export --type la")


def test_a_table_in_a_terminal_is_fitted_and_coloured_without_cut_ids(
    demo: Path,
) -> None:
    leader, follower = pty.openpty()
    environ = dict(os.environ) | {"COLUMNS": "72", "TERM": "xterm-256color"}
    command = [sys.executable, "-c", SCRIPT, "vulnerabilities", "-i", "prod-web-36", "--cached"]
    subprocess.run(command, env=environ, stdout=follower, stdin=subprocess.DEVNULL, check=True)
    os.close(follower)
    shown = os.read(leader, 1 << 20).decode()
    os.close(leader)
    assert "\x1b[" in shown
    assert "CVE-2024-3094" in shown
    import re

    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    rows = [
        line for line in plain.splitlines() if line.startswith(("Severity", "Critical", "High"))
    ]
    assert len(rows) == 26
    assert max(map(len, rows)) <= 72


@pytest.mark.parametrize(
    "arguments",
    [
        ("vulnerabilities", "prod-web-36", "--cached", "--fail-on", "critical"),
        ("vulnerabilities", "prod-web-36", "--cached", "--output", "csv"),
        ("export", "--format", "xlsx"),
        ("snapshots", "list"),
        ("where", "curl", "-n", "0", "-o", "json"),
        ("sql", "select 1"),
        ("completion", "bash"),
        ("summary", "--help"),
        ("--help",),
    ],
)
def test_a_pipe_that_closes_early_ends_the_command_quietly(
    demo: Path, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", SCRIPT, *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (exit_codes.PIPE_CLOSED, b"")


def test_a_broken_connection_to_a_service_is_not_a_closed_pipe() -> None:
    denied = AccessDenied("x")
    denied.__context__ = BrokenPipeError()
    with pytest.raises(AccessDenied), _pipe_errors():
        raise denied


def test_without_a_command_the_help_is_shown(cli: Any) -> None:
    run = cli()
    assert run.code == 2
    assert "vulnerabilities" in run.out + run.err


def test_the_version_is_printed(cli: Any) -> None:
    assert cli("--version").out.startswith("sre-cli, version ")
