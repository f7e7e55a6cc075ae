"""fixes --as ssm prints documents for Systems Manager, and says which updates have none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def documents(text: str) -> Iterator[Any]:
    """The JSON documents that follow each other in a text."""
    while text := text.lstrip():
        one, end = json.JSONDecoder().raw_decode(text)
        yield one
        text = text[end:]


def test_each_update_with_a_command_has_a_document(cli: Any, demo: Any) -> None:
    lines = cli("fixes", "-n", "0", "--output", "json").json["lines"]
    run = cli("fixes", "-n", "0", "--as", "ssm")
    made = list(documents(run.out))
    assert len(made) == sum(line["command"] is not None for line in lines) > 0
    assert all(one["schemaVersion"] == "2.2" for one in made)
    without = [str(line["place"]) for line in lines if line["command"] is None]
    assert f"{len(without)} of {len(lines)} have no document ({', '.join(without)}): " in run.err


def test_without_a_snapshot_there_is_no_document_and_a_reason(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRE_STORE", str(tmp_path))
    run = cli("fixes", "--as", "ssm")
    assert (run.code, run.out) == (3, "")
    assert "no snapshot" in run.err.lower()


@pytest.mark.parametrize("other", [("--images",), ("--output", "csv")])
def test_documents_are_of_updates_and_in_json(cli: Any, other: tuple[str, ...]) -> None:
    run = cli("fixes", "--as", "ssm", *other)
    assert (run.code, run.out) == (2, "")
    assert "--as ssm" in run.err


def test_what_if_counts_what_remains_after_the_first_updates(cli: Any, demo: Any) -> None:
    lines = cli("fixes", "-n", "3", "--json").json["lines"]
    facts = cli("fixes", "--what-if", "3", "--json").json
    assert facts["resolved"] == sum(line["findings"] for line in lines)
    assert facts["resolved"] + facts["remaining"] == facts["findings"]
    shown = cli("fixes", "--what-if", "3").out
    assert "would remain" in shown
    assert "more become overdue within 7 days" in shown


@pytest.mark.parametrize("other", [("--images",), ("--as", "ssm")])
def test_what_if_is_about_the_updates_of_the_plan(cli: Any, other: tuple[str, ...]) -> None:
    run = cli("fixes", "--what-if", "3", *other)
    assert (run.code, run.out) == (2, "")
    assert "--what-if" in run.err
