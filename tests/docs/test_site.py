"""The documentation site builds without warnings, needs no network, and finds every page."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

import sre_findings

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.prefix) / "docs" / "bin" / "python"
FIELDS = {field.name for field in dataclasses.fields(sre_findings.Store)}
PUBLIC = {
    f"Store.{name}"
    for name in vars(sre_findings.Store)
    if not name.startswith("_") and name not in FIELDS
}
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="Sphinx is not installed: make docs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with the options of ``make docs``."""
    folder = tmp_path_factory.mktemp("site")
    options = re.search(
        r"sphinx-build (.+) \. build/docs$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert options
    command = [PYTHON, "-m", "sphinx", *options[1].split(), ROOT, folder]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ran = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="module")
def index(site: Path) -> dict[str, Any]:
    """The search index: a script that contains one JSON object."""
    found: dict[str, Any] = json.loads(
        re.sub(r"^Search\.setIndex\(|\)$", "", (site / "searchindex.js").read_text())
    )
    return found


def test_the_search_index_has_every_page_of_the_documentation(index: dict[str, Any]) -> None:
    pages = {
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/decisions/*.md"),
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
    }
    assert {str(path.relative_to(ROOT).with_suffix("")) for path in pages} <= set(index["docnames"])


def test_the_search_index_has_every_public_name_of_the_python_api(index: dict[str, Any]) -> None:
    names = {
        f"{prefix}.{row[-1]}".strip(".")
        for prefix, rows in index["objects"].items()
        for row in rows
    }
    public = {f"sre_findings.{name}" for name in {*sre_findings.__all__, *PUBLIC}}
    assert len(public) > 20
    assert public <= names


def test_the_site_loads_no_script_style_font_or_picture_from_a_network(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text()
        assert not re.findall(
            r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//", text
        ), path
        assert not re.findall(r"<link\b[^>]*\bhref=\"(?:https?:)?//", text), path
    for path in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", path.read_text()), path


def test_the_start_page_leads_to_the_readme(site: Path) -> None:
    assert "url=README.html" in (site / "index.html").read_text()
    assert "SRE Operations Assistant" in (site / "README.html").read_text()


def test_the_search_works_from_a_disk_and_asks_nothing_of_a_network(site: Path) -> None:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    requests: list[str] = []
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{(site / 'search.html').as_uri()}?q=time_to_fix")
        page.get_by_role("link", name="sre_findings.Store.time_to_fix").wait_for()
        browser.close()
    assert requests
    assert [url for url in requests if not url.startswith("file:")] == []
    assert problems == []
