"""The scripts that generate parts of the documentation follow the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("script", sorted(DOCS.glob("*.py")), ids=lambda path: path.name)
def test_a_script_imports_only_modules_and_names_that_exist(script: Path) -> None:
    code = f"import {script.stem}"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=DOCS, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
