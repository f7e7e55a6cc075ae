"""Output on a full disk, a device or in a missing folder is one line and exit code 4."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sre_cli.exit_codes import UNREADABLE, USAGE

FULL = "the disk is full"
ENTRY = ("tokens", "new", "--name", "ci", "--account", "*", "--owner", "*", "--to")


def cli(*arguments: str, store: Path, stdout: str = os.devnull) -> tuple[int, str]:
    """The exit code and stderr of a command in its own process, with stdout in a file."""
    with Path(stdout).open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "sre_cli", *arguments],
            stdout=out,
            stderr=subprocess.PIPE,
            env={**os.environ, "SRE_STORE": str(store)},
            check=False,
        )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "-f", "/dev/full"), UNREADABLE, FULL),
        (("export", "--format", "xlsx", "-f", "/dev/full"), UNREADABLE, FULL),
        (("export", "--format", "parquet", "-f", "/dev/full"), UNREADABLE, FULL),
        (("export", "-f", "/nonexistent/a.csv"), UNREADABLE, "No such file or directory"),
        (("export", "-f", "/sys/a.csv"), UNREADABLE, "cannot write /sys/a.csv"),
        (("report", "-f", "/sys/a"), UNREADABLE, "cannot create /sys/a"),
        (("report", "-f", "/nonexistent/a"), UNREADABLE, "No such file or directory"),
        (("report", "-f", "/dev/null"), USAGE, "not a folder"),
        ((*ENTRY, "/nonexistent/a"), UNREADABLE, "No such file or directory"),
        ((*ENTRY, "/dev/null"), USAGE, "not a regular file"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    demo_store: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended, told = cli(*arguments, store=demo_store)
    assert ended == code
    assert words in told
    assert len([line for line in told.splitlines() if "snapshot" not in line]) == 1, told
    assert Path("/dev/full").is_char_device()
    assert Path("/dev/null").is_char_device()
    assert not Path("/nonexistent").exists()


@pytest.mark.parametrize("command", [("summary",), ("export",), ("completion", "bash")])
def test_a_full_disk_behind_stdout_is_one_line(demo_store: Path, command: tuple[str, ...]) -> None:
    ended, told = cli(*command, store=demo_store, stdout="/dev/full")
    assert (ended, told) == (
        UNREADABLE,
        "sre-cli: cannot write the output: the disk is full\n",
    )
