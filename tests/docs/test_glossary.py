"""The glossary names only things that exist, and the documentation uses its terms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from sre_cli.main import COMMANDS, cli
from sre_findings.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(ROOT / folder / "README.md" for folder in ("benchmarks", "deploy", "notebooks")),
    *sorted((ROOT / "docs").glob("*.md")),
]

# Words that the glossary replaces, and unusual phrases.
BANNED = {
    r"nobody|somebody|whoever|whom": "name the user, client or team",
    r"told|tells?": "shows, reports, states",
    r"lies?|stands?": "is stored in, is in",
    r"tonight|nights?": "snapshot, day, date",
    r"nightly (page|message)": "report, digest",
    r"estates?|fleets?": "all resources, organization",
    r"late|lateness": "overdue",
    r"deadlines?": "due date",
    r"too old|older than allowed": "stale",
    r"half scanned": "partly scanned",
    r"no owner|nobody's": "unassigned",
    r"time to fix": "time to remediate",
    r"of (its|our|your|their|one's) own": "say what it is",
    r"handed out": "download link",
    r"anew": "again",
    r"doors?|mouths?|rooms?": "interface, client, package",
}


def prose(page: Path) -> str:
    """The handwritten text of a page: without code, output and generated parts."""
    text = page.read_text()
    if page.name == "glossary.md":
        text = "\n".join(" ".join(row[:3]) for row in terms())
    text = re.sub(r"<!-- made.*?<!-- end -->", "", text, flags=re.DOTALL)
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.sub(r"`[^`]+`|\]\([^)]*\)", "", text)


def terms() -> list[list[str]]:
    """The rows of the glossary: term, meaning, names in the product, and words to avoid."""
    lines = [line for line in GLOSSARY.splitlines() if line.startswith("| **")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def options(command: click.Command) -> set[str]:
    known = {name for one in command.params for name in one.opts}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return known.union(*(options(one) for one in inner))


def loaded(name: str) -> Any:
    return cli.get_command(click.Context(cli), name)


def test_each_term_is_defined_once_in_one_or_two_sentences() -> None:
    names = [row[0] for row in terms()]
    assert len(names) > 60
    assert len(names) == len(set(names))
    for name, meaning, *_ in terms():
        assert 1 <= len(re.findall(r"\.(?= |$)", meaning)) <= 3, name
        assert meaning.endswith("."), name


def test_every_flag_and_setting_of_the_glossary_exists() -> None:
    named = set(re.findall(r"`(?:[a-z-]+ )?(--[a-z-]+)`", GLOSSARY))
    assert len(named) > 8
    assert named <= set[str]().union(*(options(loaded(name)) for name in COMMANDS))
    variables = set(re.findall(r"`(SRE_\w+)`", GLOSSARY))
    assert variables <= {setting.variable for setting in SETTINGS}


def test_every_column_of_the_glossary_is_a_heading_in_the_code() -> None:
    columns = set(re.findall(r"column `([^`]+)`", GLOSSARY))
    assert len(columns) > 8
    folders = ("findings", "reports", "cli")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    code = "\n".join(path.read_text() for path in paths)
    assert [name for name in sorted(columns) if f'"{name}"' not in code] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_the_terms_of_the_glossary(page: Path) -> None:
    text = prose(page)
    found = {
        match[0]: instead
        for words, instead in BANNED.items()
        for match in re.finditer(rf"\b(?:{words})\b", text, re.IGNORECASE)
    }
    assert found == {}
