"""What people type: a resource without its option, short names of commands, lists with commas."""

from __future__ import annotations

from typing import Any

import pytest

from sre_cli.command_names import meanings

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
