"""``sre-cli init`` writes a settings file that the product reads, and checks the setup."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_cli.commands.setup import init
from sre_findings.settings import FILE, SETTINGS, load

Cli = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, without settings in the environment and without checks."""
    monkeypatch.chdir(tmp_path)
    for one in SETTINGS:
        monkeypatch.delenv(one.variable, raising=False)
    monkeypatch.setattr(init, "_check", lambda ctx: 3)
    return tmp_path


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_yes_writes_the_defaults_and_returns_the_code_of_the_checks(cli: Cli, folder: Path) -> None:
    assert cli("init", "--yes").code == 3
    assert load({}, folder) == load({}, folder / "empty")


def test_options_are_in_the_file_that_the_product_reads(cli: Cli, folder: Path) -> None:
    cli("init", "--yes", "--store", "s3://b/p", "-r", "eu-west-1,us-east-1", "--owner-tag", 'a"\\é')
    found = load({}, folder)
    assert (found.store, found.table) == ("s3://b/p", "dynamodb://sre")
    assert found.regions == ("eu-west-1", "us-east-1")
    assert found.owner_tag == 'a"\\é'
    assert found.slack_secret_id == ""


def test_answers_to_the_questions_are_in_the_file(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, "snapshots", "eu-west-1", "squad", "y", "")
    cli("init")
    found = load({}, folder)
    assert found.store == str(folder / "snapshots")
    assert (found.regions, found.owner_tag) == (("eu-west-1",), "squad")
    assert found.slack_secret_id == "sre-ops/slack"


def test_an_existing_file_is_kept_without_force(cli: Cli, folder: Path) -> None:
    (folder / FILE).write_text('owner_tag = "squad"\n')
    refused = cli("init", "--yes")
    assert refused.code == 2
    assert "--force" in refused.err
    assert load({}, folder).owner_tag == "squad"
    cli("init", "--yes", "--force")
    assert load({}, folder).owner_tag == "team"


@pytest.mark.parametrize("wrong", [("-r", "eu-wset-1"), ("--store", "gs://bucket")])
def test_a_wrong_value_writes_no_file(cli: Cli, folder: Path, wrong: tuple[str, str]) -> None:
    assert cli("init", "--yes", *wrong).code == 2
    assert not (folder / FILE).exists()


def test_variables_that_override_the_file_are_named(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_STORE", str(folder))
    assert "SRE_STORE is set and overrides sre-ops.toml" in cli("init", "--yes").err
