"""The layout keeps its rules: folders are no packages, and what is declared is what is there."""

from __future__ import annotations

import configparser
import importlib
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


def test_the_packages_declared_are_the_packages_found() -> None:
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
def test_what_must_start_quickly_imports_nothing_heavy(name: str) -> None:
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


def test_every_package_says_what_it_is() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    for package in config["options"]["packages"].split():
        assert importlib.import_module(package).__doc__, package
