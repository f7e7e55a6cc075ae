"""Every question of a snapshot has the options of scope; the exceptions have a reason."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from sre_cli.main import cli as commands

Path = tuple[str, ...]
SCOPE = ("--owner", "--account", "--region", "--limit", "--json", "--output")
# The options that a question lacks, and why.
ONE = "it is about the resources that are named"
LACKING: dict[Path, dict[str, str]] = {
    ("vulnerabilities",): dict.fromkeys(("--owner", "--account"), ONE),
    ("why",): dict.fromkeys(("--owner", "--account", "--region", "--limit"), ONE),
    ("diff",): dict.fromkeys(("--owner", "--account", "--region"), ONE),
    ("summary",): dict.fromkeys(
        ("--account", "--region"), "rollups have totals of one scope: --by account, --by region"
    ),
    ("sla",): {
        **dict.fromkeys(("--account", "--region"), "its ages are of one scope: --by account"),
        "--limit": "it lists every group",
    },
    ("trend",): {
        **dict.fromkeys(("--owner", "--account", "--region"), "--of owner=payments: one scope"),
        "--limit": "--days limits it",
    },
    ("time-to-fix",): {"--limit": "it lists every group"},
    ("suppressions",): {
        **dict.fromkeys(("--owner", "--account", "--region"), "it lists the rules of a file"),
        "--limit": "it lists every rule",
    },
    ("coverage",): {
        **dict.fromkeys(("--account", "--region"), "unread pairs are part of the answer"),
        "--limit": "a gap that is left out looks like none",
    },
    ("export",): {
        "--limit": "an incomplete file looks complete",
        **dict.fromkeys(("--json", "--output"), "--format is the format of the file"),
    },
    ("report",): {
        "--region": "there is a page for each owner and account",
        **dict.fromkeys(("--limit", "--json", "--output"), "it writes pages"),
    },
    ("digest",): {
        **dict.fromkeys(("--owner", "--account", "--region"), "channels have owners"),
        **dict.fromkeys(("--limit", "--json", "--output"), "--dry-run prints its messages as JSON"),
    },
    ("sql",): dict.fromkeys(("--owner", "--account", "--region"), "the query has a where"),
}


def questions(
    command: click.Command = commands, path: Path = ()
) -> Iterator[tuple[Path, set[str]]]:
    """The commands that query a snapshot, which all have --as-of, with their options."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from questions(below, (*path, name))
    options = {spelling for one in command.params for spelling in one.opts}
    if "--as-of" in options:
        yield path, options


@pytest.mark.parametrize("path", [path for path, _ in questions()], ids=" ".join)
def test_a_question_has_every_option_of_scope_or_a_reason(path: Path) -> None:
    options = dict(questions())[path]
    assert {one for one in SCOPE if one not in options} == {*LACKING.get(path, {})}


def test_no_exception_is_of_a_command_that_is_gone() -> None:
    assert {*LACKING} <= {path for path, _ in questions()}
    assert all(reason for one in LACKING.values() for reason in one.values())
