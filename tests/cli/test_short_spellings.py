"""What people type: a resource without its option, short names of commands, lists with commas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from sre_cli.command_names import meanings
from sre_cli.list_option import ListOption
from sre_cli.main import COMMANDS
from sre_cli.main import cli as commands

HOST = "prod-web-36"


def test_the_resource_can_be_given_without_its_option(cli: Any, demo: Any) -> None:
    asked = ("--cached", "-n", "3", "--output", "csv")
    assert (
        cli("vulnerabilities", HOST, *asked).out == cli("vulnerabilities", "-i", HOST, *asked).out
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "Missing resource"), ((HOST, "-i", HOST), "Give the resource once")],
)
def test_the_resource_is_given_exactly_once(
    cli: Any, arguments: tuple[str, ...], words: str
) -> None:
    run = cli("vulnerabilities", *arguments)
    assert (run.code, run.out) == (2, "")
    assert words in run.err


@pytest.mark.parametrize(
    ("short", "full"),
    [
        (("vuln", HOST), ("vulnerabilities", HOST)),
        (("vulns", HOST), ("vulnerabilities", HOST)),
        (("sum",), ("summary",)),
        (("ttf",), ("time-to-fix",)),
        (("snap", "li"), ("snapshots", "list")),
    ],
)
def test_a_short_name_runs_the_command_that_it_stands_for(
    cli: Any, demo: Any, short: tuple[str, ...], full: tuple[str, ...]
) -> None:
    shown = cli(*short, "--output", "csv")
    assert shown == cli(*full, "--output", "csv")
    assert shown.out


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (("su",), "'su' is ambiguous: summary, suppressions."),
        (("snapshots", "re"), "'re' is ambiguous: rebuild, release."),
        (("",), "No such command ''"),
        (("sumary",), "Did you mean summary"),
    ],
)
def test_a_name_that_is_not_one_command_runs_none(
    cli: Any, typed: tuple[str, ...], words: str
) -> None:
    run = cli(*typed)
    assert (run.code, run.out) == (2, "")
    assert words in run.err


def test_a_full_name_is_never_taken_for_a_prefix() -> None:
    assert meanings("scan", ["scan", "scan-all"]) == ["scan"]


@pytest.mark.parametrize(
    ("command", "listed", "repeated"),
    [
        (("vulnerabilities", HOST), ("-s", "critical,High"), ("-s", "critical", "-s", "high")),
        (("export",), ("--type", "ec2, lambda"), ("--type", "ec2", "--type", "lambda")),
        (
            ("priorities",),
            ("--owner", '"payments",data'),
            ("--owner", "payments", "--owner", "data"),
        ),
        (("fixes",), ("--type", "ecr,lambda"), ("--type", "ecr", "--type", "lambda")),
    ],
)
def test_a_list_with_commas_means_the_same_as_a_repeated_option(
    cli: Any,
    demo: Any,
    command: tuple[str, ...],
    listed: tuple[str, ...],
    repeated: tuple[str, ...],
) -> None:
    form = ("--format" if command == ("export",) else "--output", "csv")
    shown = cli(*command, *listed, *form)
    assert shown == cli(*command, *repeated, *form)
    assert shown.code in {0, 3}
    assert shown != cli(*command, *form)


@pytest.mark.parametrize(
    "text", ["critical,", "critical,,high", ",", '"critical,high', "high,a\nb"]
)
def test_a_list_with_an_empty_value_is_an_error(cli: Any, text: str) -> None:
    run = cli("vulnerabilities", HOST, "-s", text)
    assert (run.code, run.out) == (2, "")
    assert "is not a" in run.err


def test_a_value_that_contains_a_comma_is_quoted() -> None:
    option = ListOption(["--owner"], multiple=True)
    assert option.type_cast_value(click.Context(commands), ['"Ops, EU",data', "a b"]) == (
        "Ops, EU",
        "data",
        "a b",
    )


SCOPES = {"--severity", "--type", "--status", "--owner", "--account", "--region"}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_repeatable_scope_takes_a_list(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    assert command
    for option in command.params:
        if getattr(option, "multiple", False) and SCOPES & {*option.opts}:
            assert isinstance(option, ListOption), option.opts


def commands_with(option: str) -> list[tuple[str, ...]]:
    """The commands, and those in groups, that have this option."""
    context = click.Context(commands)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = commands.get_command(context, name)
        assert command
        inner = command.commands if isinstance(command, click.Group) else {}
        everyone = {(name,): command} | {(name, below): one for below, one in inner.items()}
        found += [path for path, one in everyone.items() if option in spellings(one)]
    return found


def spellings(command: click.Command) -> set[str]:
    return {spelling for one in command.params for spelling in one.opts}


@pytest.mark.parametrize(
    ("option", "other"),
    [
        ("--output", "--json"),
        ("--output", "-o"),
        ("--count", "--limit"),
        ("--yes", "--force"),
        ("--again", "--force"),
    ],
)
def test_each_command_with_an_option_has_its_other_spelling(option: str, other: str) -> None:
    found = commands_with(option)
    assert found
    assert {*found} <= {*commands_with(other)}


@pytest.mark.parametrize("command", [("summary",), ("snapshots", "list"), ("schedule", "next")])
def test_the_flag_json_means_the_output_json(cli: Any, demo: Any, command: tuple[str, ...]) -> None:
    asked = cli(*command, "--json")
    assert asked.json
    assert asked.err == ""
    assert cli(*command, "--output", "csv", "--json").json
    assert cli(*command, "--json", "--output", "csv") == cli(*command, "--output", "csv")


def test_limit_is_another_name_of_count(cli: Any, demo: Any) -> None:
    for command in (("vulnerabilities", HOST, "--cached"), ("priorities",), ("schedule", "next")):
        shown = cli(*command, "--limit", "2", "--output", "csv")
        assert shown == cli(*command, "--count", "2", "--output", "csv")
        assert shown.out


@pytest.mark.parametrize("command", [("summary",), ("snapshots", "list"), ("doctor",)])
def test_o_means_the_format_of_the_output(cli: Any, demo: Any, command: tuple[str, ...]) -> None:
    asked = cli(*command, "-o", "json")
    assert asked.json
    assert asked.err == ""


def test_o_means_the_format_everywhere_but_where_it_is_deprecated() -> None:
    formats = {*commands_with("--output")}
    files = {*commands_with("-f")}
    assert files == {("export",), ("report",)}
    assert {*commands_with("-o")} == formats | files


@pytest.mark.parametrize(("command", "long"), [("export", "--file"), ("report", "--folder")])
def test_a_destination_is_f_and_still_o_with_a_warning(
    cli: Any, demo: Any, tmp_path: Path, command: str, long: str
) -> None:
    warning = f"sre-cli: -o is deprecated here and will be removed: use -f or {long}.\n"
    done = [cli(command, spelling, str(tmp_path / "a.csv")) for spelling in ("-f", long, "-o")]
    assert [one.code for one in done] == [0, 0, 0]
    assert (tmp_path / "a.csv").exists()
    assert done[0] == done[1]
    assert done[2].err == warning + done[0].err
