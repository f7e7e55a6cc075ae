"""The description of the HTML report in docs/reports.md matches the report."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from sre_reports import wording
from sre_reports.html_report.html import (
    EMBEDDED,
    FIRST,
    script,
)
from sre_reports.html_report.sections.findings_table import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")


def values(part: str) -> list[str]:
    """The values in the documentation for a part of an address."""
    row = re.search(rf"^\| `{part}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert row
    return re.findall(r"`([a-z]+)`", row[1])


def test_every_value_of_a_link_is_known_and_none_is_missing() -> None:
    assert values("sev") == [*wording.SEVERITIES]
    assert values("sort") == [key for key, _, _ in COLUMNS]
    known = re.search(r'list\("only"\)\.filter\(\(name\) => (\[.*?\])', script())
    assert known
    assert values("only") == re.findall(r'"([a-z]+)"', known[1])


def test_every_section_that_is_named_is_on_the_page() -> None:
    templates = files("sre_reports") / "templates" / "report"
    whole = "".join(one.read_text(encoding="utf-8") for one in templates.iterdir())
    named = re.findall(r"^\| [^|]+ \| `#([a-z]+)` \|", PAGE, re.MULTILINE)
    assert len(named) == 8
    assert set(named) == set(re.findall(r'<section class="card" id="([a-z]+)"', whole))


def test_numbers_and_pictures_are_there() -> None:
    assert f"{EMBEDDED:,}" in PAGE
    assert f"worst {FIRST} findings" in PAGE
    for page in (
        PAGE,
        (ROOT / "README.md").read_text(encoding="utf-8").replace("docs/images/", "images/"),
    ):
        pictures = re.findall(r"\((images/[a-z]+\.png)\)", page)
        assert pictures
        assert all((ROOT / "docs" / picture).stat().st_size < 300_000 for picture in pictures)
