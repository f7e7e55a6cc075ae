"""The report checked by axe-core for accessibility, and by the Nu validator for HTML and CSS."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from sre_findings.model.answers.answer import CoverageAnswer, Proof, SummaryAnswer
from sre_findings.model.answers.list_answer import ListAnswer
from sre_findings.model.answers.verdict import CLEAN, NO_FINDINGS, Verdict
from sre_findings.model.findings.open_finding import OpenFinding
from sre_findings.model.sla.age_bands import AgeGrid
from sre_findings.model.snapshots.partial_reasons import Reason
from sre_findings.model.snapshots.rollup import Rollup
from sre_reports.publishing.index_entries import IndexEntry
from sre_reports.publishing.index_page import render_index

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]
MakePage = Callable[..., str]
MODULES = Path(__file__).parents[1] / "node" / "node_modules"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK = """async (rules) => (await axe.run(document, {runOnly: rules})).violations.map(
    (one) => [one.id, ...one.nodes.slice(0, 3).map((node) => node.html)])"""
WIDTHS = (320, 768, 992, 1012, 1120, 1204, 1440)
FONTS = {"embedded": "", "blocked": "sans-serif"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PARTIAL = ("eu-west-1: findings denied", "us-east-2: did not end")


@pytest.fixture(scope="module")
def judge() -> Callable[[str], Path]:
    """The path of a module in Node's folder."""

    def find(name: str) -> Path:
        if not (MODULES / name).exists():
            pytest.skip("the judges of the page are not here; run: make node")
        return MODULES / name

    return find


@pytest.fixture(scope="module")
def forms(make_page: MakePage, findings: list[OpenFinding]) -> dict[str, str]:
    """The report of every kind of snapshot, and the index page."""
    proof = Proof(
        "snapshot",
        "20261122T010000Z",
        None,
        9 * 86400,
        "partial",
        "",
        causes=tuple(Reason("not_ended", text) for text in PARTIAL),
        too_old=True,
    )
    none = SummaryAnswer(
        Verdict(CLEAN, NO_FINDINGS, "Inspector reports no findings"),
        Rollup(),
        0,
        replace(proof, state="complete"),
    )
    empty = {
        "summary": none,
        "resources": (),
        "accounts": none,
        "owners": none,
        "ages": AgeGrid((), {}),
        "before": None,
        "coverage": CoverageAnswer(40, (), (), proof),
        "fixes": ListAnswer("", "items", [], 0, (), (), proof, {}),
        "risks": (),
    }
    days = [
        IndexEntry(
            "2026-11-22",
            "vulnerable",
            "findings",
            4,
            9,
            20,
            3,
            2,
            1,
            "complete",
            (),
            "20261122T010000Z",
        ),
        IndexEntry(
            "2026-11-20",
            "vulnerable",
            "findings",
            5,
            9,
            20,
            3,
            None,
            None,
            "partial",
            PARTIAL,
            "20261120T010000Z",
        ),
        IndexEntry("2026-11-19"),
    ]
    return {
        "usual": make_page(findings),
        "short": make_page(findings[:8]),
        "partial": make_page(findings, proof=proof),
        "empty": make_page([], **empty),
        "first": make_page(findings, before=None),
        "owner": make_page(
            [one for one in findings if one.place.owner == "search"], owner="search", evidence=None
        ),
        "hostile": make_page(findings, said="</script><img src=x onerror=alert(1)>\u202e"),
        "nights": render_index(days, datetime(2026, 11, 22, 7, tzinfo=UTC)),
    }


def judged(page: Page, axe: str) -> Page:
    """The page with axe and with everything open."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate("document.querySelector('.open')?.click()")
    page.evaluate(axe)
    return page


@pytest.mark.parametrize("form", ["short", "nights"])
def test_axe_finds_nothing_at_any_width_in_any_scheme_and_font(
    visit: Visit, judge: Callable[[str], Path], forms: dict[str, str], form: str
) -> None:
    axe = judge("axe-core/axe.min.js").read_text(encoding="utf-8")
    page = judged(visit(forms[form], bypass_csp=True), axe)
    for font, family in FONTS.items():
        page.evaluate("(family) => { document.body.style.fontFamily = family; }", family)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                found = (page.evaluate(SIDEWAYS), page.evaluate(ASK, RULES))
                assert found == (0, []), (font, scheme, width)


TALL = """() => [...document.querySelectorAll("code, tbody th a")].filter(
    (one) => one.getBoundingClientRect().height > 30).map((one) => one.textContent)"""


def test_the_list_breaks_no_id_and_scrolls_at_no_width(visit: Visit, forms: dict[str, str]) -> None:
    page = visit(forms["nights"])
    assert page.locator("code").first.text_content() == "20261122T010000Z"
    for width in range(320, 1460, 20):
        page.set_viewport_size({"width": width, "height": 900})
        assert (page.evaluate(SIDEWAYS), page.evaluate(TALL)) == (0, []), width


@pytest.mark.parametrize("form", ["usual", "partial", "empty"])
def test_axe_finds_nothing_in_any_kind_of_report(
    visit: Visit, judge: Callable[[str], Path], forms: dict[str, str], form: str
) -> None:
    axe = judge("axe-core/axe.min.js").read_text(encoding="utf-8")
    page = judged(visit(forms[form], bypass_csp=True), axe)
    for scheme, width in zip(SCHEMES, (1280, 390), strict=True):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(ASK, RULES) == [], (scheme, width)


def test_the_html_validator_finds_no_error(
    visit: Visit, judge: Callable[[str], Path], forms: dict[str, str], tmp_path: Path
) -> None:
    """In the files, and in what the script made of one, with a row open."""
    jar = judge("vnu-jar/build/dist/vnu.jar")
    if not shutil.which("java"):
        pytest.skip("Java is not here; the checker of HTML needs it")
    page = visit(forms["short"])
    page.locator(".open").first.click()
    for name, text in {**forms, "at work": page.content()}.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    command = [
        "java",
        "-jar",
        str(jar),
        "--format",
        "json",
        "--exit-zero-always",
        *map(str, sorted(tmp_path.glob("*.html"))),
    ]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    told = json.loads(done.stderr)["messages"]
    assert [
        (Path(one["url"]).name, one["message"], one.get("extract"))
        for one in told
        if one["type"] != "info"
    ] == []
