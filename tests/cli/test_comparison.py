"""The claims in the comparison with other tools can be checked with the commands it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("demo")

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text()
CHECKS = re.findall(r"`sre-cli ([^`]+)`", PAGE[PAGE.index("| Claim | Check |") :])


@pytest.mark.parametrize("command", CHECKS)
def test_each_check_of_the_comparison_runs_on_the_demo(cli: Any, command: str) -> None:
    assert cli(*shlex.split(command)).code in {0, 3}


def test_an_instance_without_scan_is_not_called_clean(cli: Any) -> None:
    answer = cli("vulnerabilities", "forensics-33", "--cached")
    assert answer.code == 3
    assert "clean" not in answer.out.lower()


def test_the_comparison_names_each_tool_and_has_its_sources() -> None:
    for tool in ("Security Hub", "Prowler", "Steampipe", "DefectDojo"):
        assert tool in PAGE
    assert len(re.findall(r"https://", PAGE)) >= 6
