"""Suppressions: covered findings stay open and are marked; expired or unused rules warn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sre_simulator.fleet import BUSY_INSTANCE

Cli = Callable[..., Any]
RULES = """suppressions:
  - vulnerability: CVE-2024-3094
    reason: not reachable
    owner: payments
    expires: 2999-01-31
  - package: openssl
    reason: old
    owner: data
    expires: 2020-01-31
  - vulnerability: CVE-1999-0001
    reason: gone
    owner: data
    expires: 2999-01-31
"""


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "suppressions.yaml"
    path.write_text(RULES)
    monkeypatch.setenv("SRE_SUPPRESSIONS", str(path))
    return path


def test_rules_are_listed_and_expired_or_unused_ones_cause_warnings(
    cli: Cli, demo: Path, rules: Path
) -> None:
    values = cli("suppressions", "--output", "json").json
    assert [one["state"] for one in values["suppressions"]] == ["live", "lapsed", "unused"]
    assert values["suppressions"][0]["findings"] == values["covered"] > 0
    assert len(values["notes"]) == 2
    assert "line 6" in values["notes"][0]


def test_accepted_findings_stay_open_and_are_marked(
    cli: Cli, demo: Path, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("vulnerabilities", "-i", BUSY_INSTANCE, "--cached", "-n", "0", "--output", "json")
    marked = cli(*asked).json
    assert marked["counts"]["total"] == 1011
    assert marked["accepted"] == sum(one["accepted"] is not None for one in marked["findings"]) > 0
    assert {one["vulnerability_id"] for one in marked["findings"] if one["accepted"]} == {
        "CVE-2024-3094"
    }
    assert (
        "of them: see sre-cli suppressions"
        in cli("vulnerabilities", "-i", BUSY_INSTANCE, "--cached").out
    )
    monkeypatch.delenv("SRE_SUPPRESSIONS")
    assert cli(*asked).json["accepted"] is None


def test_the_rules_are_written_as_openvex(
    cli: Cli, demo: Path, rules: Path, tmp_path: Path
) -> None:
    path = tmp_path / "vex.json"
    assert cli("suppressions", "--openvex", str(path), "--author", "security").code == 0
    document = json.loads(path.read_text())
    assert document["author"] == "security"
    assert {one["vulnerability"]["name"] for one in document["statements"]} == {
        "CVE-2024-3094",
        "CVE-1999-0001",
    }


def test_an_error_has_its_line_and_a_missing_file_a_remedy(
    cli: Cli, demo: Path, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text(
        RULES.replace("owner: data\n    expires: 2020-01-31", "ownr: data\n    expires: 2020-01-31")
    )
    wrong = cli("suppressions")
    assert (wrong.code, "line 8" in wrong.err) == (2, True)
    monkeypatch.delenv("SRE_SUPPRESSIONS")
    missing = cli("suppressions")
    assert (missing.code, "Set SRE_SUPPRESSIONS" in missing.err) == (2, True)


def test_without_a_snapshot_rules_cover_nothing(cli: Cli, rules: Path) -> None:
    answer = cli("suppressions")
    assert (answer.code, answer.out.startswith("There is no snapshot yet.")) == (3, True)
