"""The report checked by axe-core for accessibility, and by the Nu validator for HTML and CSS."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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
SCREENS = [
    {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
]
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
        "partial": make_page(findings, proof=proof),
        "empty": make_page([], **empty),
        "first": make_page(findings, before=None),
        "owner": make_page(
            [one for one in findings if one.place.owner == "search"], owner="search", evidence=None
        ),
        "hostile": make_page(findings, said="</script><img src=x onerror=alert(1)>\u202e"),
        "nights": render_index(days, datetime(2026, 11, 22, 7, tzinfo=UTC)),
    }


@pytest.mark.parametrize(
    "screen", SCREENS, ids=lambda one: f"{one['color_scheme']} {one['viewport']['width']}"
)
def test_axe_finds_nothing(
    visit: Visit, judge: Callable[[str], Path], forms: dict[str, str], screen: dict[str, object]
) -> None:
    axe = judge("axe-core/axe.min.js").read_text(encoding="utf-8")
    for name in ("usual", "partial", "empty", "nights"):
        page = visit(forms[name], bypass_csp=True, **screen)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.evaluate(axe)
        assert page.evaluate(ASK, RULES) == [], name


def test_the_html_validator_finds_no_error(
    judge: Callable[[str], Path], forms: dict[str, str], tmp_path: Path
) -> None:
    jar = judge("vnu-jar/build/dist/vnu.jar")
    if not shutil.which("java"):
        pytest.skip("Java is not here; the checker of HTML needs it")
    for name, text in forms.items():
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
