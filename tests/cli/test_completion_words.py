"""Completion knows hosts, owners, accounts, regions, snapshots and vulnerabilities of the store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from sre_cli import completion_words
from sre_cli.main import cli as commands
from sre_findings.settings import load

HOST = "prod-web-36"
LIGHT = {"botocore", "duckdb", "msgspec", "numpy", "pyarrow", "rich", "sqlglot", "tomllib"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory, and no settings file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def offered(*typed: str, kind: type[ShellComplete] = ZshComplete) -> list[str]:
    """What a shell offers for the last of these words."""
    shell = kind(commands, {}, "sre-cli", "_SRE_CLI_COMPLETE")
    return [one.value for one in shell.get_completions([*typed[:-1]], typed[-1])]


def renew() -> None:
    completion_words.renew(load(os.environ, Path.cwd()))


def file_of(cache: Path) -> Path:
    (found,) = cache.rglob("completion/*.txt")
    return found


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("vulnerabilities", HOST), {HOST}),
        (("vulnerabilities", "-i", "i-0b36"), {"i-0b36f1e4a7c92d508"}),
        (("fixes", "--resource", HOST), {HOST}),
        (("export", "-i", HOST), {HOST}),
        (("priorities", "-i", HOST), {HOST}),
        (("take", "CVE-2021-44228", HOST), {HOST}),
        (("diff", HOST, "stage-search-11"), {"stage-search-11"}),
        (("why", "CVE-2021-44228", HOST), {HOST}),
        (("where", "CVE-2021-4422"), {"CVE-2021-44228"}),
        (("show", "log4"), {"log4shell"}),
        (("summary", "--owner", "pay"), {"payments"}),
        (("sla", "--owner", "data,un"), {"data,unassigned"}),
        (("changes", "--account", "1111"), {"111122223333"}),
        (("where", "curl", "-r", "eu"), {"eu-west-1"}),
        (("report", "--owner", "sea"), {"search"}),
        (("trend", "--as-of", "yes"), {"yesterday"}),
        (("sla", "--owner", "nobody"), set()),
    ],
)
def test_words_of_the_store_are_offered(typed: tuple[str, ...], words: set[str]) -> None:
    renew()
    assert {*offered(*typed)} == words


def test_snapshots_are_offered_newest_first(demo: Path) -> None:
    renew()
    newest, before = offered("snapshots", "show", "2")
    assert newest > before
    assert offered("changes", "--since", newest) == [newest]


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("kind", [BashComplete, ZshComplete, FishComplete])
def test_every_shell_offers_them(kind: type[ShellComplete]) -> None:
    renew()
    assert offered("vulnerabilities", HOST, kind=kind) == [HOST]


@pytest.mark.parametrize("option", ["--owner", "--account", "--region", "--as-of", "-i", "--since"])
def test_every_command_completes_an_option_that_names_data(option: str) -> None:
    others = {  # these do not name data of the store, or data that a scan has not read yet
        ("--owner", "tokens"), ("--owner", "snapshots"), ("--account", "tokens"),
        ("--region", "scan"), ("--region", "init"), ("--region", "doctor"), ("--since", "digest"),
        ("--since", "report"),
    }  # fmt: skip
    context = click.Context(commands)
    found = [
        (name, parameter)
        for name in commands.list_commands(context)
        for command in [commands.get_command(context, name)]
        if command and (option, name) not in others
        for parameter in command.params
        if option in parameter.opts
    ]
    assert found
    assert [name for name, one in found if one._custom_shell_complete is None] == []


@pytest.mark.usefixtures("demo")
def test_nothing_of_the_store_is_offered_without_its_file(cache: Path) -> None:
    assert offered("vulnerabilities", "prod") == []
    assert offered("show", "log4") == ["log4shell"]
    assert not cache.exists()


def test_the_words_of_an_older_snapshot_are_not_offered_and_are_replaced(
    demo: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shutil.copytree(demo, tmp_path / "store")
    monkeypatch.setenv("SRE_STORE", str(store))
    renew()
    assert offered("vulnerabilities", HOST) == [HOST]
    first, rest = file_of(cache).read_text().split("\n", 1)
    file_of(cache).write_text(f"000000000001.json {store}\n{rest}")
    assert offered("vulnerabilities", HOST) == []
    renew()
    assert file_of(cache).read_text() == f"{first}\n{rest}"


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"000000000002.json", b"\n\n\n", None])
def test_a_damaged_file_offers_nothing_and_prints_nothing(
    cache: Path, damage: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    renew()
    file = file_of(cache)
    file.unlink()
    file.mkdir() if damage is None else file.write_bytes(damage)
    assert offered("vulnerabilities", "prod") == []
    renew()
    assert offered("vulnerabilities", HOST) == ([] if damage in (None, b"\xff\xfe") else [HOST])
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("demo")
def test_words_that_a_shell_would_interpret_are_left_out(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    from sre_findings.engine.duckdb import DuckDB

    evil = ("$(reboot)", "a b", "`id`", "-rf", "a;b", "a\nhost b", "ok-1", "é")
    monkeypatch.setattr(
        DuckDB, "rows", lambda *_: [{"kind": "host", "word": word} for word in evil]
    )
    renew()
    assert offered("vulnerabilities", "") == ["ok-1"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SRE_SERVER", "https://sre.example.com/mcp"),
        ("SRE_SETTINGS", "s3://bucket/settings.toml"),
        ("SRE_STORE", "s3://bucket/prefix"),
        ("SRE_STORE", "/nonexistent"),
        ("SRE_MAX_AGE", "nonsense"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_a_server_or_a_bucket_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    renew()
    monkeypatch.setenv(variable, value)
    assert offered("vulnerabilities", "prod") == []


def test_a_bucket_that_was_scanned_here_completes_from_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SRE_STORE", "s3://bucket/prefix")
    monkeypatch.setenv("SRE_TABLE", "dynamodb://table")
    settings = load(os.environ, Path.cwd())
    file = completion_words._file(settings)
    completion_words._write(file, ["000000000007.json s3://bucket/prefix", f"host {HOST}"])
    assert offered("vulnerabilities", "prod") == [HOST]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("demo")
def test_a_question_writes_the_file_only_in_a_terminal(
    cli: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("summary")
    assert not cache.exists()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    cli("summary")
    assert offered("vulnerabilities", HOST) == [HOST]


def test_a_completion_imports_nothing_slow(demo: Path) -> None:
    renew()
    environ = {
        **os.environ,
        "_SRE_CLI_COMPLETE": "bash_complete",
        "COMP_WORDS": "sre-cli vulnerabilities prod-web-36",
        "COMP_CWORD": "2",
    }
    environ.pop("COVERAGE_PROCESS_CONFIG", None)  # measuring coverage imports more
    script = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); from sre_cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"plain,{HOST}\n"
    assert sorted(LIGHT & {*done.stderr.split()}) == []


def test_bash_completes_a_host(demo: Path, tmp_path: Path) -> None:
    renew()
    bash = shutil.which("bash")
    assert bash
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "sre-cli"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sre_cli "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(sre-cli completion bash)"; COMP_WORDS=(sre-cli vulnerabilities prod-web-36);'
        " COMP_CWORD=2; _sre_cli_completion sre-cli; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "-c", script], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{HOST}\n", "")
