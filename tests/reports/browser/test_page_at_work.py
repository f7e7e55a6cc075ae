"""The findings table in a browser: search, filters, sorting, paging, links and download."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sre_findings.model.findings.open_finding import OpenFinding

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]
Findings = list[OpenFinding]
TODAY = "2026-11-22"
FILTERS: dict[str, Callable[[OpenFinding], object]] = {
    "late": lambda one: one.due_on is not None and one.due_on < TODAY,
    "kev": lambda one: one.weakness.kev,
    "exploit": lambda one: one.weakness.exploit,
    "reachable": lambda one: one.weakness.reachable,
    "new": lambda one: one.new,
    "fix": lambda one: one.weakness.fixable,
}


def rows(page: Page) -> list[tuple[str, str, str]]:
    """Severity, vulnerability and resource of each visible row."""
    found = page.evaluate(
        "[...document.querySelectorAll('#table tbody tr')].map((row) =>"
        " [row.querySelector('.tag').textContent, row.querySelector('th .strong').textContent,"
        " row.querySelector('.resource').lastElementChild.textContent])"
    )
    return [tuple(one) for one in found]


def told(some: Findings) -> list[tuple[str, str, str]]:
    """The first fifty of these findings, as the table shows them."""
    return [
        (one.weakness.severity.capitalize(), one.weakness.identity, one.place.resource_id)
        for one in some[:50]
    ]


def shows(page: Page, count: object) -> None:
    """Waits until the given number of matching findings is shown."""
    expect(page.locator("#shown")).to_contain_text(re.compile(rf"^{count} of 130 findings"))


def hash_of(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def chip(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def age(opened_on: str) -> int:
    return (date.fromisoformat(TODAY) - date.fromisoformat(opened_on)).days


SEARCHES: dict[str, Callable[[OpenFinding], object]] = {
    "prod-web-5": lambda one: one.place.name == "prod-web-5",
    "LIB-C": lambda one: one.weakness.packages == "lib-c",
    "payments lib-a": lambda one: (
        one.place.owner == "payments" and one.weakness.packages == "lib-a"
    ),
    "i-0123456789abcde03": lambda one: one.place.resource_id.endswith("03"),
    "444455556666": lambda one: one.place.account_id == "444455556666",
    "nothing has this": lambda one: False,
    "severity:critical kev": lambda one: one.weakness.severity == "CRITICAL" and one.weakness.kev,
    "severity:high,low owner:payments": lambda one: (
        one.weakness.severity in ("HIGH", "LOW") and one.place.owner == "payments"
    ),
    "owner:unassigned overdue": lambda one: (
        not one.place.owner and one.due_on is not None and one.due_on < TODAY
    ),
    "age:>30": lambda one: one.opened_on is not None and age(one.opened_on) > 30,
    "age:<=30 score:>=9": lambda one: (
        one.opened_on is not None
        and age(one.opened_on) <= 30
        and one.weakness.score is not None
        and one.weakness.score >= 9
    ),
    "age:old": lambda one: False,
}


def test_a_search_matches_all_its_words(visit: Visit, usual: str, findings: Findings) -> None:
    page = visit(usual)
    for words, matches in SEARCHES.items():
        page.locator("#search").fill(words)
        wanted = [one for one in findings if matches(one)]
        shows(page, len(wanted))
        assert rows(page) == told(wanted), words
        assert hash_of(page).startswith("#q=")
    expect(page.locator("#shown")).to_have_text(
        "0 of 130 findings match. Select Clear to show all."
    )


def test_filters_combine_and_clear_removes_them(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    for name in ("High", "Medium", "KEV"):
        chip(page, name).click()
    wanted = [
        one for one in findings if one.weakness.severity in ("HIGH", "MEDIUM") and one.weakness.kev
    ]
    assert wanted
    assert rows(page) == told(wanted)
    assert [
        chip(page, name).get_attribute("aria-pressed") for name in ("Critical", "High", "KEV")
    ] == ["false", "true", "true"]
    assert hash_of(page) == "#sev=high,medium&only=kev"
    chip(page, "High").click()
    assert hash_of(page) == "#sev=medium&only=kev"
    chip(page, "Clear").click()
    assert rows(page) == told(findings)
    assert hash_of(page) == "#findings"


def test_each_filter_keeps_its_findings(visit: Visit, usual: str, findings: Findings) -> None:
    page = visit(usual)
    for name, keeps in FILTERS.items():
        wanted = [one for one in findings if keeps(one)]
        page.evaluate("(name) => { location.hash = `#only=${name}`; }", name)
        shows(page, len(wanted))
        assert rows(page) == told(wanted), name


SORTS: dict[str, tuple[str, Callable[[OpenFinding], Any], bool]] = {
    "Score": ("score", attrgetter("weakness.score"), True),
    "Vulnerability": ("identity", attrgetter("weakness.identity"), False),
    "Package": ("package", attrgetter("weakness.packages"), False),
    "Resource": ("resource", lambda one: one.place.name or one.place.resource_id, False),
    "Account": ("account", attrgetter("place.account_id"), False),
    "EPSS": ("epss", attrgetter("weakness.epss"), True),
    "Age": ("age", attrgetter("opened_on"), False),
    "SLA": ("sla", lambda one: one.due_on or "9999", False),
}


def test_a_heading_sorts_and_shows_the_direction(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    says = page.locator("th[aria-sort]")
    for heading, (column, key, greatest_first) in SORTS.items():
        page.get_by_role("button", name=heading, exact=True).click()
        assert rows(page) == told(sorted(findings, key=key, reverse=greatest_first)), heading
        assert (says.count(), says.inner_text().strip(), hash_of(page)) == (
            1,
            heading,
            f"#sort={column}",
        )
        first = says.get_attribute("aria-sort")
        # opened first, so it is the oldest
        assert first == ("descending" if greatest_first or heading == "Age" else "ascending")
        says.get_by_role("button").click()
        assert rows(page) == told(sorted(findings, key=key, reverse=not greatest_first)), heading
        assert {first, says.get_attribute("aria-sort")} == {"ascending", "descending"}
        assert hash_of(page) == f"#sort=-{column}"


def test_paging_ends_at_the_last_page(visit: Visit, usual: str, findings: Findings) -> None:
    page = visit(usual)
    back, on = chip(page, "Previous"), chip(page, "Next")
    expect(back).to_be_disabled()
    on.click()
    assert rows(page) == told(findings[50:])
    on.click()
    assert rows(page) == told(findings[100:])
    expect(on).to_be_disabled()
    expect(page.locator("#page")).to_have_text("Page 3 of 3")
    expect(page.locator("#shown")).to_have_text("130 of 130 findings · showing 101–130")
    assert hash_of(page) == "#page=3"
    chip(page, "Low").click()
    assert hash_of(page) == "#sev=low"


def test_a_link_opens_the_same_view_and_back_works(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual, "#sev=critical,high&only=late&q=lib&sort=-epss&page=1")
    wanted = [
        one
        for one in findings
        if one.weakness.severity in ("CRITICAL", "HIGH") and FILTERS["late"](one)
    ]
    assert rows(page) == told(sorted(wanted, key=attrgetter("weakness.epss")))
    expect(page.locator("#search")).to_have_value("lib")
    page.evaluate("location.hash = '#sev=low&page=99'")
    low = [one for one in findings if one.weakness.severity == "LOW"]
    shows(page, len(low))
    assert rows(page) == told(low)
    page.go_back()
    shows(page, len(wanted))
    expect(page.locator("#search")).to_have_value("lib")


def test_an_invalid_link_applies_its_valid_parts(visit: Visit, usual: str) -> None:
    page = visit(usual, "#sev=purple&only=everything&sort=__proto__&page=-3")
    for address in ("#sort=constructor", "#q=", "#page=1e9", "#page=99999999999999999999"):
        shows(page, 130)
        assert rows(page)
        page.evaluate("(address) => { location.hash = address; }", address)


def test_each_tile_leads_to_as_many_findings_as_it_counts(visit: Visit, usual: str) -> None:
    page = visit(usual)
    tiles = page.evaluate(
        "[...document.querySelectorAll('.tile')].map((tile) => [tile.getAttribute('href'),"
        " tile.querySelector('.count').textContent, tile.querySelector('.hint').textContent])"
    )
    assert len(tiles) == 8
    views = [one for one in tiles if re.match("#(sev|only)=", one[0])]
    assert {one[0] for one in views} == {
        "#sev=critical",
        "#sev=high",
        "#only=late",
        "#only=kev",
        "#only=new",
        "#only=fix",
    }
    for link, count, hint in views:
        page.locator(f'.tile[href="{link}"]').click()
        event_counts = re.search(r"[0-9]+", hint if "%" in count else count)
        assert event_counts
        shows(page, event_counts[0])
    for link in {one[0] for one in tiles} - {one[0] for one in views}:
        assert page.locator(link).count() == 1


def test_the_top_risks_are_on_the_first_screen(visit: Visit, usual: str) -> None:
    page = visit(usual, viewport={"width": 1440, "height": 900})
    box = page.locator("#risks").bounding_box()
    assert box
    assert box["y"] + box["height"] <= 900


def test_each_top_risk_links_to_its_findings(visit: Visit, usual: str, findings: Findings) -> None:
    page = visit(usual)
    page.locator("#risks a").first.click()
    name = page.locator("#risks a").first.inner_text()
    expect(page.locator("#search")).to_have_value(name)
    count = sum(one.weakness.identity == name for one in findings)
    assert count
    shows(page, count)


def test_each_bar_links_to_its_findings(visit: Visit, usual: str) -> None:
    page = visit(usual)
    links = page.evaluate(
        "[...document.querySelectorAll('.worst tbody tr, .groups tbody tr')].filter((row) =>"
        " row.querySelector('a')).map((row) => [row.querySelector('a').getAttribute('href'),"
        " row.querySelector('[data-name=All], .groups td.number').textContent])"
    )
    assert len(links) == 8 + 2 + 2
    for link, count in links:
        page.evaluate("(link) => { location.hash = link; }", link)
        shows(page, count)


def download(page: Page, tmp_path: Path) -> bytes:
    with page.expect_download() as waiting:
        chip(page, "Download CSV").click()
    assert waiting.value.suggested_filename == f"findings-{TODAY}.csv"
    waiting.value.save_as(tmp_path / "view.csv")
    return (tmp_path / "view.csv").read_bytes()


def test_the_csv_is_the_filtered_view_in_its_order(
    visit: Visit, usual: str, findings: Findings, tmp_path: Path
) -> None:
    page = visit(usual, "#only=fix&sort=-epss")
    body = download(page, tmp_path)
    assert body.startswith(b"\xef\xbb\xbf")
    read = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    wanted = sorted(
        (one for one in findings if one.weakness.fixable), key=attrgetter("weakness.epss")
    )
    assert len(wanted) > 50  # more than one page
    for line, one in zip(read, wanted, strict=True):
        assert (line["Severity"], line["Vulnerability"]) == (
            one.weakness.severity,
            one.weakness.identity,
        )
        assert [line["Open since"], line["Due"]] == [one.opened_on, one.due_on or "NONE"]
        assert (float(line["Score"]), float(line["EPSS"])) == (
            one.weakness.score,
            one.weakness.epss,
        )
        flags = (one.weakness.kev, one.weakness.exploit, one.weakness.fixable, one.new)
        assert [line[name] for name in ("KEV", "Exploit", "Fix available", "New")] == [
            "YES" if flag else "NO" for flag in flags
        ]
        assert [line["Resource"], line["Name"], line["Account"], line["Owner"]] == [
            one.place.resource_id, one.place.name or one.place.resource_id, one.place.account_id,
            one.place.owner or "unassigned",
        ]  # fmt: skip
        assert line["Title"] == f"{one.weakness.identity} - {one.weakness.packages}"


def test_no_cell_of_the_csv_is_empty(
    visit: Visit, make_page: Callable[..., str], findings: Findings, tmp_path: Path
) -> None:
    bare = findings[0].weakness._replace(
        score=None, epss=None, kev=None, packages="", installed="", fixed_in="", fixable=False
    )
    vague = bare._replace(packages="vim", fixable=True)
    place = findings[0].place._replace(name="", owner="", region="", account_id="")
    some = [findings[0]._replace(weakness=one, place=place) for one in (bare, vague)]
    some[0] = some[0]._replace(opened_on=None, due_on=None)
    text = download(visit(make_page(some)), tmp_path).decode("utf-8-sig")
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert not [name for line in (first, second) for name, value in line.items() if not value]
    names = ("Score", "EPSS", "KEV", "Installed", "Fixed in", "Due", "Open since", "Region")
    assert [first[name] for name in names] == [
        "UNKNOWN", "NONE", "UNKNOWN", "NONE", "NONE", "NONE", "UNKNOWN", "UNKNOWN",
    ]  # fmt: skip
    assert [second[name] for name in names[:5]] == ["UNKNOWN"] * 5
    assert first["Name"] == place.resource_id


def test_the_script_renders_the_same_rows(visit: Visit, usual: str) -> None:
    page = visit(usual)
    read = "[...document.querySelectorAll('#table tbody tr')].map((row) => row.outerHTML)"
    there = page.evaluate(read)
    heading = page.get_by_role("button", name="Severity", exact=True)
    heading.click()
    assert page.evaluate(read) != there
    heading.click()
    assert page.evaluate(read) == there


def test_back_and_forward_restore_the_filters(visit: Visit, usual: str) -> None:
    page = visit(usual)
    chip(page, "High").click()
    chip(page, "KEV").click()
    page.go_back()
    expect(chip(page, "KEV")).to_have_attribute("aria-pressed", "false")
    expect(chip(page, "High")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(chip(page, "High")).to_have_attribute("aria-pressed", "false")
    shows(page, 130)
    page.go_forward()
    expect(chip(page, "High")).to_have_attribute("aria-pressed", "true")


def test_each_filter_shows_how_many_findings_it_keeps(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    for name, keeps in FILTERS.items():
        shown = page.locator(f".chip[data-only={name}]").get_attribute("data-count")
        assert shown == str(sum(bool(keeps(one)) for one in findings)), name


def opened(page: Page, row: int) -> Any:
    """The details of a row, opened by keyboard."""
    button = page.locator("#table .open").nth(row)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    return page.locator("#table .detail")


def test_a_row_opens_to_its_description_life_and_commands(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    row = next(n for n, one in enumerate(findings) if one.weakness.fixable and one.weakness.reboot)
    weakness = findings[row].weakness
    details = opened(page, row)
    for words in (
        weakness.description,
        "First seen 2026-",
        "Reachability",
        "References",
        f"Update {weakness.packages} to {weakness.fixed_in}, then reboot.",
        weakness.command,
        "sre-cli fixes -i i-",
    ):
        expect(details).to_contain_text(words)
    page.keyboard.press("Enter")
    expect(details).to_have_count(0)


def test_only_the_row_of_a_finding_that_was_taken_opens_to_the_claim(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    row = next(n for n, one in enumerate(findings) if one.claim)
    assert row < 50
    expect(opened(page, row)).to_contain_text("Claimtaken by <b>ada</b> until 2026-11-30")
    page.keyboard.press("Enter")
    expect(opened(page, (row + 1) % 50)).not_to_contain_text("Claim")


def test_a_description_that_is_left_out_names_its_command(
    visit: Visit, usual: str, findings: Findings
) -> None:
    page = visit(usual)
    row = next(n for n, one in enumerate(findings[:50]) if not one.weakness.description)
    name = findings[row].weakness.identity
    expect(opened(page, row)).to_contain_text(f"Not part of this report. Run: sre-cli show {name}")


def test_only_instances_have_the_command_of_a_package_manager(
    visit: Visit, make_page: Callable[..., str], findings: Findings
) -> None:
    image = findings[0].place._replace(resource_type="AWS_ECR_CONTAINER_IMAGE")
    details = opened(visit(make_page([findings[0]._replace(place=image)])), 0)
    expect(details).to_contain_text("Fix plan")
    expect(details).not_to_contain_text(findings[0].weakness.command)


def test_an_arn_is_shortened_in_its_middle_and_copied_whole(visit: Visit, usual: str) -> None:
    page = visit(usual)
    page.set_viewport_size({"width": 1280, "height": 800})
    shortened = page.locator("#table code.middle").first
    whole = shortened.get_attribute("title")
    assert whole
    assert shortened.evaluate("(one) => getSelection().selectAllChildren(one)") is None
    assert page.evaluate("String(getSelection()).replaceAll('\\n', '')") == whole


def test_rows_are_low_and_the_heading_and_navigation_stay(visit: Visit, usual: str) -> None:
    page = visit(usual, viewport={"width": 1440, "height": 900})
    heights = page.evaluate(
        "[...document.querySelectorAll('#table tbody tr')].map((row) => row.offsetHeight)"
    )
    assert max(heights) < 90
    page.locator("#table tbody tr").nth(40).scroll_into_view_if_needed()
    expect(page.locator("#table thead th").first).to_be_in_viewport()
    expect(page.locator("nav a").first).to_be_in_viewport()


def test_a_top_risk_opens_to_its_resources(visit: Visit, usual: str) -> None:
    page = visit(usual)
    page.locator("#risks summary").first.click()
    expect(page.locator("#risks details p").first).to_contain_text("prod-web-")
