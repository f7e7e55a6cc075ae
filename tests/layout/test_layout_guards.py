"""The layout: component folders are not packages, and setup.cfg declares what exists."""

from __future__ import annotations

import configparser
import importlib
import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPONENTS = (
    "findings",
    "scanner",
    "reports",
    "mcp",
    "lambda",
    "cli",
    "schedules",
    "simulator",
    "deploy",
    "notebooks",
    "benchmarks",
)


@pytest.mark.parametrize("folder", [*COMPONENTS, "tests"])
def test_no_component_folder_is_itself_a_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()
    assert folder == "tests" or not (ROOT / folder / "conftest.py").exists()


def test_no_test_folder_is_a_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_setup_cfg_declares_exactly_the_existing_packages() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    declared = set(config["options"]["packages"].split())
    found = {
        ".".join(path.parent.relative_to(ROOT / component).parts)
        for component in COMPONENTS
        for path in (ROOT / component).rglob("__init__.py")
    }
    assert declared == found


@pytest.mark.parametrize(
    "name",
    ["sre_findings", "sre_findings.model.answers.verdict", "sre_findings.settings", "sre_cli.main"],
)
def test_modules_that_must_start_quickly_import_nothing_heavy(name: str) -> None:
    import subprocess
    import sys

    heavy = (
        "boto3",
        "botocore",
        "pyarrow",
        "duckdb",
        "_duckdb",
        "numpy",
        "msgspec",
        "pandas",
        "jinja2",
        "rich",
    )
    code = f"import sys, {name}; print([m for m in {heavy!r} if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_every_package_has_a_docstring() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for package in config["options"]["packages"].split():
        assert importlib.import_module(package).__doc__, package


def test_the_changelog_has_a_dated_section_for_the_version_in_setup_cfg() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    dates = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", one) for one in headings[1:]]
    released = [(found[1], date.fromisoformat(found[2])) for found in dates if found]
    assert len(released) == len(dates), "a version and its date"
    assert released[0][0] == config["metadata"]["version"]
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)


def test_the_changelog_groups_changes_as_keep_a_changelog_does() -> None:
    groups = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert (
        {"Added"}
        <= set(groups)
        <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    )
