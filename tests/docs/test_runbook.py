"""The runbook has exactly one entry for each alarm, and its commands exist."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from sre_cli.main import COMMANDS, cli
from sre_scanner.__main__ import _parser

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TEMPLATE: dict[str, Any] = json.loads(
    (ROOT / "deploy" / "template.json").read_text(encoding="utf-8")
)
ENTRIES = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
ALARMS = {
    name: one
    for name, one in TEMPLATE["Resources"].items()
    if one["Type"] == "AWS::CloudWatch::Alarm"
}
NOTICES = {
    name
    for name, one in TEMPLATE["Resources"].items()
    if one["Type"] == "AWS::Events::Rule"
    and {"Ref": "AlarmTopic"} in [to["Arn"] for to in one["Properties"]["Targets"]]
}


def blocks(text: str) -> str:
    """The commands of a page, each on one line."""
    return "\n".join(re.findall(r"```(?:bash)?\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")


def test_there_is_exactly_one_entry_for_each_alarm_and_notice() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)
    assert sorted(headings) == sorted({*ALARMS, *NOTICES})


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_leads_to_its_entry(alarm: str) -> None:
    assert f"docs/runbook.md#{alarm.lower()}" in ALARMS[alarm]["Properties"]["AlarmDescription"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_what_it_means_where_to_look_and_how_it_ends(entry: str) -> None:
    for part in ("**Means:**", "**Look first:**", "**Ends**"):
        assert ENTRIES[entry].count(part) == 1, part
    assert "```" in ENTRIES[entry].split("**Look first:**")[1], "a command to begin with"


def test_what_is_looked_up_in_the_stack_is_there() -> None:
    used = blocks(RUNBOOK) + blocks(OPERATIONS)
    assert set(re.findall(r"\$\(output (\w+)\)", used)) <= set(TEMPLATE["Outputs"])
    assert set(re.findall(r"\$\(resource (\w+)\)", used)) <= set(TEMPLATE["Resources"])
    for kind in re.findall(r"^task (\w+)", used, re.MULTILINE):
        assert f"{kind}TaskDefinition" in TEMPLATE["Outputs"]


def test_parameters_that_an_entry_names_are_the_templates() -> None:
    assert set(re.findall(r"`(\w+)=", RUNBOOK)) <= set(TEMPLATE["Parameters"])


@pytest.mark.parametrize(
    "line", sorted(set(re.findall(r"^sre-cli .*$", blocks(RUNBOOK), re.MULTILINE)))
)
def test_every_command_of_ours_is_one_with_options_that_it_has(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: Any = cli.get_command(click.Context(cli), words[0])
    assert words[0] in COMMANDS
    while isinstance(command, click.Group) and len(words) > 1 and words[1] in command.commands:
        command, words = command.commands[words[1]], words[1:]
    known = {option for one in command.params for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_words_for_the_scan_task_are_those_that_the_scanner_takes() -> None:
    for words in re.findall(r"^task Scan(.*)$", blocks(RUNBOOK), re.MULTILINE):
        _parser().parse_args(shlex.split(words))


def test_links_to_other_entries_and_pages_lead_somewhere() -> None:
    for page, anchor in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", RUNBOOK):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8") if page else RUNBOOK
        titles = [
            re.sub(r"[^\w -]", "", one).lower().replace(" ", "-")
            for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        ]
        assert anchor in titles, anchor


def test_the_verified_table_names_existing_tests_and_gaps_of_the_emulator() -> None:
    section = OPERATIONS.split("### What was verified")[1].split("\n## ")[0]
    files = re.findall(r"`((?:tests|deploy)/[\w/]+\.py)`", section)
    assert len(files) >= 5
    assert [one for one in files if not (ROOT / one).is_file()] == []
    deployed = (ROOT / "tests" / "deploy" / "test_deployed.py").read_text(encoding="utf-8")
    lacking = set(
        re.findall(r'"(\w+)"', re.findall(r"NOT_KNOWN = \{(.*?)\}", deployed, re.DOTALL)[0])
    )
    said = " ".join(section.split()).split("The test leaves these out")[1].split("- It starts")[0]
    assert set(re.findall(r"`(\w+)`", said)) == lacking


def test_the_five_steps_of_the_readme_begin_as_those_of_the_operations_page() -> None:
    readme = (
        (ROOT / "README.md")
        .read_text(encoding="utf-8")
        .split("## Deploy it in AWS in five steps")[1]
        .split("\n## ")[0]
    )
    walked = " ".join(blocks(OPERATIONS.split("## In AWS: from an empty account")[1]).split())
    for line in re.findall(r"```\n(.*?)```", readme, re.DOTALL)[0].splitlines():
        for command in re.split(r" && ", line.partition("#")[0].partition("…")[0].strip()):
            if not command.startswith("$EDITOR"):
                assert all(word in walked for word in shlex.split(command)), command
