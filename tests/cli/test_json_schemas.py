"""The published JSON Schemas hold for the JSON output of every command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "changes": [()],
    "claims": [()],
    "coverage": [(), ("--owner", "payments")],
    "fixes": [(), ("-i", "prod-web-36")],
    "operations": [()],
    "priorities": [(), ("--kev",)],
    "show": [("CVE-2024-3094",), ("CVE-2099-0001",)],
    "sla": [()],
    "summary": [(), ("--by", "owner")],
    "suppressions": [()],
    "take": [("CVE-2024-3094", "prod-web-36", "--release")],  # writes no claim
    "time-to-fix": [()],
    "trend": [()],
    "vulnerabilities": [
        ("prod-web-36", "--cached"),
        ("forensics-33", "--cached"),
        ("search/indexer", "--cached"),
        ("nobody", "--cached"),
    ],
    "why": [("CVE-2024-3094", "prod-web-36"), ("CVE-2024-3094", "forensics-33")],
    "diff": [("prod-web-36", "forensics-33"), ("prod-web-36", "data-etl-32")],
    "where": [("openssl",), ("frobnicate",)],
}
CASES = [(name, words) for name, every in COMMANDS.items() for words in every]


RULE = """\
suppressions:
  - vulnerability: CVE-2024-3094
    reason: not reachable
    owner: data
    expires: 2999-01-31
"""


@pytest.fixture(autouse=True)
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suppressions.yaml").write_text(RULE)
    monkeypatch.setenv("SRE_SUPPRESSIONS", str(tmp_path / "suppressions.yaml"))


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize(("name", "words"), CASES, ids=str)
def test_each_answer_has_the_published_schema(
    cli: Any, demo: Path, name: str, words: tuple[str, ...]
) -> None:
    run = cli(name, *words, "--json")
    answer = json.loads(run.out)
    wrong = [error.message for error in Draft202012Validator(schema(name)).iter_errors(answer)]
    assert wrong == []
    assert answer["schema_version"] == 1


def test_each_schema_has_its_command_and_names_every_key(cli: Any, demo: Path) -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == COMMANDS.keys()
    for name, every in COMMANDS.items():
        answer = json.loads(cli(name, *every[0], "--json").out)
        assert answer.keys() == schema(name)["properties"].keys(), name


def test_the_published_schemas_are_those_of_the_types() -> None:
    code = (
        "import sys; sys.path.insert(0, 'docs'); import answer_schemas, json;"
        "print(json.dumps(dict(answer_schemas.schemas())))"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert json.loads(made.stdout) == {name: schema(name) for name in COMMANDS}


def test_an_answer_of_another_form_is_refused() -> None:
    assert not Draft202012Validator(schema("summary")).is_valid({"schema_version": 1})
    assert not Draft202012Validator(schema("sla")).is_valid({"schema_version": 2})
