"""The report in other conditions.

Without JavaScript, on a phone, in print, by keyboard, in dark mode, and with hostile text.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from sre_findings.model.findings.open_finding import OpenFinding, Place, Weakness

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]
Findings = list[OpenFinding]
MakePage = Callable[..., str]
MARKUP = (
    "</script></title></style><img src=x onerror=alert(1)><svg onload=alert(1)>{{7*7}}${7*7}{% raw"
    " %}&lt;"
)
ATTACK = f"{MARKUP}\u202egnp.exe\x1b[31m\x00"
SEEN = f"{MARKUP}gnp.exe[31m"
FORMULA = '=HYPERLINK("http://x";"y")'
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BREAKPOINTS = (26, 48, 62, 70, 76)  # rem, at which the style sheets change the layout
WIDTHS = sorted(
    {
        *range(320, 1921, 40),
        *range(992, 1013, 4),
        *range(1120, 1205, 12),
        *(16 * rem + more for rem in BREAKPOINTS for more in (-1, 0, 1, 2, 12)),
    }
)
OUTSIDE = """() => [...document.querySelectorAll(".card table")].filter((table) => {
  const card = table.closest(".card");
  const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
  return table.getBoundingClientRect().right > edge + 1;
}).map((table) => table.className)"""


def attacked(findings: Findings) -> Findings:
    """Findings whose texts are attacks, formulas, or ten thousand letters long."""

    def line(text: str) -> OpenFinding:
        weakness = Weakness(
            "CRITICAL", text, text, 9.8, 0.5, True, True, True, text, text, text,
            command=text, description=text,
        )  # fmt: skip
        return OpenFinding(
            weakness, Place(text, text, text, text, text, text), "2026-11-01", "2026-11-16", True
        )

    return [line(ATTACK), line(FORMULA), line("A" * 10_000), line("@SUM(1)"), *findings]


def test_without_javascript_the_report_is_complete(visit: Visit, usual: str) -> None:
    page = visit(usual, java_script_enabled=False)
    assert page.locator("#table tbody tr").count() == 15
    expect(page.locator("#shown")).to_have_text("The first 15 of 130 findings, most severe first.")
    expect(page.locator("noscript p")).to_be_visible()
    for drawing in page.locator("svg").all():
        box = drawing.bounding_box()
        assert box
        assert min(box["width"], box["height"]) > 8
    assert page.locator("svg.panel").count() == 4
    assert not page.get_by_role("button").count()  # buttons need the script
    page.locator("#first summary").first.click()
    expect(page.get_by_text("Update openssl.").first).to_be_visible()


def is_still(page: Page, *widths: int) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        assert (page.evaluate(SIDEWAYS), page.evaluate(OUTSIDE)) == (0, []), width


@pytest.mark.parametrize(
    ("font", "spacing"),
    [("", "0"), ("sans-serif", "0"), ("serif", "0"), ("sans-serif", "0.07em")],
    ids=["embedded font", "without it", "serif", "a wider font"],
)
def test_nothing_scrolls_sideways_at_any_width_in_any_font(
    visit: Visit, usual: str, font: str, spacing: str
) -> None:
    """A policy of the host may block the embedded font. The spacing simulates wider fonts."""
    page = visit(usual, color_scheme="dark" if font else "light")
    assert page.evaluate("document.fonts.check('600 1rem Inter')")
    page.evaluate(
        "([font, space]) => Object.assign(document.body.style, {fontFamily: font, letterSpacing:"
        " space})",
        [font, spacing],
    )
    is_still(page, *WIDTHS)


MIDDLES = """() => {
  const middle = (one) => { const box = one.getBoundingClientRect(); return box.x + box.width / 2; };
  const bars = [...document.querySelectorAll(".flow .came, .flow .went")].map(middle);
  return [...document.querySelectorAll(".days text")].map((text) =>
    Math.min(...bars.map((bar) => Math.abs(bar - middle(text)))));
}"""


def test_each_date_is_under_its_bar(visit: Visit, usual: str) -> None:
    page = visit(usual)
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        distances = page.evaluate(MIDDLES)
        assert len(distances) == 5
        assert max(distances[:-1]) < 2, width  # the last day has no bar


BROKEN = """() => [...document.querySelectorAll(".token")].filter((one) => {
  const range = document.createRange();
  range.selectNodeContents(one);
  return getComputedStyle(one).whiteSpace !== "nowrap" || one.offsetParent && (range.getClientRects().length > 1 || one.scrollWidth > one.clientWidth + 1);
}).map((one) => one.textContent)"""


def test_regions_and_account_ids_are_whole_at_any_width(visit: Visit, usual: str) -> None:
    page = visit(usual)
    assert page.locator(".token").count() > 100
    for width in (320, 768, 1130, 1217, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(BROKEN) == [], width


def test_long_names_do_not_scroll(visit: Visit, make_page: MakePage, findings: Findings) -> None:
    is_still(visit(make_page(attacked(findings[:20]))), 320, 860, 1280)


def printed(page: Page, folder: Path) -> list[str]:
    """The text of each printed page."""
    page.pdf(path=folder / "page.pdf", prefer_css_page_size=True)
    return [
        unicodedata.normalize("NFKC", sheet.extract_text())
        for sheet in PdfReader(folder / "page.pdf").pages
    ]


def test_the_first_sheet_is_the_summary(visit: Visit, usual: str, tmp_path: Path) -> None:
    first, *others = printed(visit(usual), tmp_path)
    for words in (
        "critical findings are open",
        "Past SLA",
        "Top risks",
        "Top remediations",
        "openssl 7",
        "Age of open findings",
        "Coverage gaps",
        "last 90 days",
        "per day",
    ):
        assert words in first, words
    assert "Most vulnerable resources" not in first
    assert "Most vulnerable resources" in others[0]
    assert "SHA-256 of the manifest" in "".join(others)
    assert len(others) <= 5
    assert "Dark mode" not in first


def test_dark_mode_is_toggled_and_remembered(visit: Visit, usual: str) -> None:
    page = visit(usual, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark mode").click()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    expect(page.get_by_role("button", name="Light mode")).to_be_visible()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Light mode").click()
    assert page.evaluate(ground) == light
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgba(0, 0, 0, 0)"


def test_the_theme_follows_the_system_by_default(visit: Visit, usual: str) -> None:
    page = visit(usual, color_scheme="dark")
    expect(page.get_by_role("button", name="Light mode")).to_be_visible()
    page.emulate_media(color_scheme="light")
    expect(page.get_by_role("button", name="Dark mode")).to_be_visible()


def focused(page: Page) -> str:
    return str(
        page.evaluate("(document.activeElement.id || document.activeElement.textContent).trim()")
    )


def test_everything_is_reachable_by_keyboard(visit: Visit, usual: str, findings: Findings) -> None:
    page = visit(usual)
    order = []
    for _ in range(30):
        page.keyboard.press("Tab")
        order.append(focused(page))
    assert order[:6] == [
        "Skip to the findings",
        "theme",
        "print",
        "Top risks",
        "Top remediations",
        "Age and SLA",
    ]
    assert any(one.startswith("Critical") for one in order)  # the tiles
    page.keyboard.press("/")
    assert focused(page) == "search"
    page.keyboard.type("lib-a/b")  # a slash in the field is text
    expect(page.locator("#search")).to_have_value("lib-a/b")
    expect(page.locator("#shown")).to_contain_text("0 of 130 findings")
    page.locator("#search").fill("")
    only = ("Past SLA", "KEV", "Exploit", "Reachable", "New", "Fix available")
    for name in ("Critical", "High", "Medium", "Low", *only, "clear", "download"):
        page.keyboard.press("Tab")
        assert focused(page) == name
    page.keyboard.press("Tab")
    assert focused(page) == "Search help"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "Score"
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Score")
    assert focused(page) == "Score"  # the focus survives the redraw
    page.keyboard.press("Space")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Score")


def test_whatever_has_the_focus_shows_it(visit: Visit, usual: str) -> None:
    page = visit(usual)
    for _ in range(60):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", focused(page)


def test_the_skip_link_leads_to_the_findings_and_keeps_the_view(visit: Visit, usual: str) -> None:
    page = visit(usual, "#sev=low")
    page.get_by_role("link", name="Skip to the findings").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#findings")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Low", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


@pytest.mark.parametrize("free", [False, True], ids=["with its policy", "with no policy"])
def test_hostile_text_stays_text(
    visit: Visit, make_page: MakePage, findings: Findings, free: bool
) -> None:
    plain = visit(make_page(findings, said="x"), bypass_csp=free)
    parts = "[...document.querySelectorAll('script, style, img, svg, form, iframe, title')].length"
    usual_parts = plain.evaluate(parts)
    page = visit(make_page(attacked(findings), said=ATTACK, owner=ATTACK), bypass_csp=free)
    page.evaluate("location.hash = '#sort=identity'")
    page.get_by_role("button", name="Severity").click()
    page.locator("#search").fill("onerror")
    expect(page.locator("#shown")).to_contain_text(re.compile("^1 of 134 findings"))
    row = page.locator("#table tbody tr").first
    assert row.locator("th .strong").inner_text() == SEEN
    assert row.locator("a").count() == 0
    row.get_by_role("button").click()
    expect(page.locator(".detail")).to_contain_text(SEEN)
    bars = "document.querySelectorAll('svg.bar').length"
    assert page.evaluate(parts) - page.evaluate(bars) == usual_parts - plain.evaluate(bars)
    assert "49" not in page.locator("#first").inner_text()
    assert "…" in page.evaluate("document.body.textContent")
    assert "A" * 301 not in page.locator("#table").inner_text()


def test_a_hostile_address_is_only_searched_for(visit: Visit, usual: str) -> None:
    page = visit(usual, "#q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&sev=%3Cb%3E")
    expect(page.locator("#search")).to_have_value("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_a_downloaded_formula_is_text(
    visit: Visit, make_page: MakePage, findings: Findings, tmp_path: Path
) -> None:
    page = visit(make_page(attacked(findings)), "#sev=critical")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    waiting.value.save_as(tmp_path / "view.csv")
    text = (tmp_path / "view.csv").read_bytes().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert not [
        cell
        for line in lines
        for cell in line
        if cell.startswith(("=", "@", "+", "-", "\t", "\r")) and not number(cell)
    ]
    assert lines[2][2] == f"'{FORMULA}"
    assert lines[4][12] == "'@SUM(1)"
    assert {len(line) for line in lines} == {21}


def number(text: str) -> Any:
    return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
