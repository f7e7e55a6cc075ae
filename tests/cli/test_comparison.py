"""The claims in the comparison with other tools can be checked with the commands it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from sre_cli.exit_codes import ANSWERED, NOT_COVERED, UNSURE

pytestmark = pytest.mark.usefixtures("demo")

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text()
CHECKS = re.findall(r"`sre-cli ([^`]+)`", PAGE[PAGE.index("| Claim | Check |") :])


@pytest.mark.parametrize("command", CHECKS)
def test_each_check_of_the_comparison_runs_on_the_demo(cli: Any, command: str) -> None:
    run = cli(*shlex.split(command))
    assert (run.code in {ANSWERED, UNSURE, NOT_COVERED}, run.err.count("Traceback")) == (True, 0)


def test_an_instance_without_scan_is_not_called_clean(cli: Any) -> None:
    answer = cli("vulnerabilities", "forensics-33", "--cached")
    assert answer.code == NOT_COVERED
    assert "clean" not in answer.out.lower()


def test_the_comparison_names_each_tool_and_has_its_sources() -> None:
    for tool in ("Security Hub", "Prowler", "Steampipe", "DefectDojo"):
        assert tool in PAGE
    assert len(re.findall(r"https://", PAGE)) >= 6
