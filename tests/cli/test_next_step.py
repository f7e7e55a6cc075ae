"""The command shown below an answer in a terminal works, and has no hostile name."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_cli.next_step import next_step

COMMANDS = [
    ("summary",),
    ("vulnerabilities", "prod-web-36", "--cached"),
    ("vulnerabilities", "forensics-33", "--cached"),
    ("priorities",),
    ("show", "CVE-2024-3094"),
    ("why", "CVE-2099-0001", "forensics-33"),
    ("diff", "prod-web-36", "forensics-33"),
    ("where", "openssl"),
    ("changes",),
    ("fixes",),
    ("fixes", "-i", "prod-web-36"),
    ("sla",),
    ("trend",),
]


def in_terminal(*command: str) -> str:
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sre_cli", *command],
        stdout=theirs,
        env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1"},
    ) as process:
        os.close(theirs)
        printed = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux reports the end of a terminal so
                break
            if not piece:
                break
            printed += piece
        assert process.wait(60) in {0, 3, 6}
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_next_step_is_a_command_that_works(
    cli: Any, demo: Path, command: tuple[str, ...]
) -> None:
    steps = [
        line.removeprefix("Next: ")
        for line in in_terminal(*command).splitlines()
        if line.startswith("Next: ")
    ]
    assert len(steps) == 1
    name, *words = shlex.split(steps[0])
    assert (name, words != list(command)) == ("sre-cli", True)
    assert cli(*words).code in {0, 3, 6}


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_there_is_no_next_step_in_a_pipe(cli: Any, demo: Path, output: str) -> None:
    assert "Next:" not in cli("priorities", "--output", output).out


@pytest.mark.usefixtures("demo")
def test_there_is_no_next_step_for_an_older_snapshot() -> None:
    assert "Next:" not in in_terminal("summary", "--as-of", "-1d")


@given(st.text(max_size=30))
def test_only_plain_names_are_in_a_command(name: str) -> None:
    answer = SimpleNamespace(items=[{"vulnerability_id": name, "resource_id": name}])
    for command in ("priorities", "where", "changes", "show"):
        step = next_step(command, answer)
        assert step is None or shlex.split(step)[2:] == [name]
        assert step is None or not set(step) & set('`;&|<>()"\\\n\x1b*?[]#~!')
