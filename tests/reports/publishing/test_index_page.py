"""The index: its entries, unknown values, and safety with text from outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_reports.html_report.style_sheets import dense
from sre_reports.pictures import palette
from sre_reports.publishing import index_page
from sre_reports.publishing.index_entries import IndexEntry, index_entry
from sre_reports.publishing.index_page import render_index

AT = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
HOSTILE = "</script></style><img src=x onerror=alert(1)>{{7*7}}\u202egnp.exe\x1b[31m\"'"
SUMMARY: dict[str, Any] = {
    "verdict": "vulnerable",
    "explanation": "Inspector reports open findings",
    "counts": {"critical": 24, "high": 466, "total": 1011},
    "certificate": {"state": "complete", "reasons": []},
    "snapshot_id": "20261122T010000Z",
    "changes": {
        "since": {"snapshot_id": "x"},
        "counts": {"opened": 7, "reopened": 2, "resolved": 4},
    },
    "late": {"late": 9},
}


class Reader(HTMLParser):
    """The index as a browser parses it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def entry(day: str = "2026-11-22", **changes: Any) -> IndexEntry:
    return index_entry(day, json.dumps(SUMMARY | changes).encode())


def row(page: str, day: str) -> dict[str, str]:
    """The numbers of an entry of the index."""
    (found,) = re.findall(
        rf'<tr>\s*<th scope="row"><a href="{day}/index.html">.*?</tr>', page, re.DOTALL
    )
    cells = re.findall(r'data-name="(\w+)">(.*?)</td>', found, re.DOTALL)
    return {name: " ".join(re.sub("<[^>]*>", " ", text).split()) for name, text in cells}


def test_an_index_entry_matches_its_summary() -> None:
    page = render_index([entry()], AT)
    assert row(page, "2026-11-22") == {
        "critical": "24",
        "high": "466",
        "overdue": "9",
        "open": "1,011",
        "new": "9",
        "resolved": "4",
    }
    words = Reader(page).words
    for part in (
        "vulnerable",
        "Inspector reports open findings",
        "complete",
        "20261122T010000Z",
        "1 daily report",
    ):
        assert part in words


def test_the_newest_report_comes_first() -> None:
    days = ["2026-11-20", "2026-11-22", "2026-11-21"]
    page = render_index([entry(day) for day in days], AT)
    assert re.findall(r'href="([\d-]+)/index.html"', page) == sorted(days, reverse=True)


def test_a_partial_report_has_its_reasons() -> None:
    certificate = {"state": "partial", "reasons": ["eu-south-1: findings denied"]}
    page = render_index(
        [entry(certificate=certificate, verdict="unknown", explanation="the scan is incomplete")],
        AT,
    )
    reader = Reader(page)
    assert "eu-south-1: findings denied" in reader.words
    assert "the scan is incomplete" in reader.words
    assert [
        one for one in reader.of("span") if (one.get("class") or "").split() == ["mark", "warn"]
    ]


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"counts": 7, "changes": [], "certificate": "x"}',
        b"\xff",
    ],
)
def test_an_unreadable_summary_gives_an_entry_with_unknown_numbers(
    body: bytes | None,
) -> None:
    page = render_index([entry("2026-11-21"), index_entry("2026-11-22", body)], AT)
    assert set(row(page, "2026-11-22").values()) == {"unknown"}
    assert "Its summary cannot be read" in Reader(page).words
    assert len(re.findall(r'class="mark warn"', page)) == 1, "it is not called complete"


Json = st.SearchStrategy[Any]
ODD: Json = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.lists(st.integers() | st.none())
    | st.just({})
)
INNER: Json = st.dictionaries(
    st.sampled_from(["critical", "state", "reasons", "counts", "since", "opened", "late"]), ODD
)


@given(ODD | st.dictionaries(st.sampled_from(list(SUMMARY)), ODD | INNER))
def test_any_json_as_summary_gives_an_index(value: Any) -> None:
    assert 'href="2026-11-22/index.html"' in render_index(
        [index_entry("2026-11-22", json.dumps(value).encode())], AT
    )


def test_new_and_resolved_are_unknown_for_a_first_snapshot() -> None:
    page = render_index(
        [entry(changes={"since": None, "counts": {"opened": 0, "resolved": 0}})], AT
    )
    assert (row(page, "2026-11-22")["new"], row(page, "2026-11-22")["resolved"]) == ("unknown",) * 2


def test_a_day_without_a_report_is_a_gap_in_every_chart() -> None:
    page = render_index(
        [entry("2026-11-18"), entry("2026-11-19"), entry("2026-11-21"), entry("2026-11-22")], AT
    )
    assert "1 day without a report is left blank." in page
    drawings = re.findall(r'<svg class="course.*?</svg>', page, re.DOTALL)
    assert len(drawings) == 3
    assert all(len(re.findall('class="line"', drawing)) == 2 for drawing in drawings)


def test_a_chart_has_its_numbers_as_label() -> None:
    entries = [
        entry("2026-11-21"),
        entry("2026-11-22", counts={"critical": 20, "high": 500, "total": 900}),
    ]
    labels = [one["aria-label"] for one in Reader(render_index(entries, AT)).of("svg")]
    assert labels == [
        "critical: 24 on 2026-11-21, 20 on 2026-11-22, maximum 24",
        "high: 466 on 2026-11-21, 500 on 2026-11-22, maximum 500",
        "overdue: 9 on 2026-11-21, 9 on 2026-11-22, maximum 9",
        "20 critical, 500 high, 380 other",
        "24 critical, 466 high, 521 other",
    ]


def test_a_partial_report_is_a_lower_bound_and_compared_with_nothing() -> None:
    partial = {"state": "partial", "reasons": []}
    counts = {"critical": 9, "high": 200, "total": 298}
    entries = [
        entry("2026-11-20"),
        entry("2026-11-21", counts=counts, certificate=partial),
        entry("2026-11-22", counts={"critical": 20, "high": 500, "total": 900}),
    ]
    page = render_index(entries, AT)
    assert row(page, "2026-11-20")["open"] == "1,011"
    assert row(page, "2026-11-21")["open"] == "at least 298"
    assert row(page, "2026-11-21")["critical"] == "at least 9"
    assert row(page, "2026-11-22")["open"] == "900 ▼ 111"  # since the last complete one
    assert "1 partial day is not drawn: not all was read." in page
    assert "critical: 24 on 2026-11-20, 20 on 2026-11-22, maximum 24" in page


def test_a_chart_that_ends_with_a_partial_report_names_its_last_day() -> None:
    partial = entry("2026-11-22", certificate={"state": "partial", "reasons": []})
    words = Reader(render_index([entry("2026-11-21"), partial], AT)).words
    assert "critical 24 on 11-21" in words


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 10**7)),
        max_size=30,
        unique_by=lambda one: one[0],
    )
)
def test_every_chart_stays_inside_its_box(points: list[tuple[int, int]]) -> None:
    days = [(date(2026, 1, 1) + timedelta(days=day)).isoformat() for day, _ in points]
    entries = [
        entry(day, counts={"critical": count}) for day, (_, count) in zip(days, points, strict=True)
    ]
    page = render_index(entries, AT)
    for path in re.findall(r' class="(?:fill|line)" d="([^"]+)"', page):
        for x, y in re.findall(r"([\d.-]+),([\d.-]+)", path):
            assert 0 <= float(x) <= index_page.WIDTH
            assert 0 <= float(y) <= index_page.HEIGHT


def test_text_from_outside_is_shown_and_has_no_effect() -> None:
    certificate = {"state": HOSTILE, "reasons": [HOSTILE]}
    page = render_index(
        [entry(verdict=HOSTILE, explanation=HOSTILE, certificate=certificate, snapshot_id=HOSTILE)],
        AT,
    )
    reader = Reader(page)
    assert not reader.of("img")
    assert not reader.of("script")
    assert reader.words.count("{{7*7}}") == 5
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_the_index_is_self_contained_and_its_policy_enforces_that() -> None:
    page = render_index([entry()], AT)
    reader = Reader(page)
    css = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    (policy,) = [one["content"] for one in reader.of("meta") if one.get("http-equiv")]
    assert (
        policy
        == f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; base-uri 'none';"
        " form-action 'none'"
    )
    attributes = [name for _, some in reader.elements for name in some]
    assert not {"style", "src", "srcset", "onclick"} & set(attributes)
    assert not reader.of("script")
    assert all(not (one["href"] or "").startswith(("http", "//")) for one in reader.of("a"))
    assert "@import" not in css
    assert set(re.findall(r"url\(([a-z]*:)?", css)) == {"data:"}


def test_light_and_dark_use_the_shared_palette_and_print_is_light() -> None:
    css = index_page.style()
    light, *dark = css.split("@media screen")[:3]
    assert dense(palette.variables(palette.LIGHT)).rstrip(";") in light
    assert all(dense(palette.variables(palette.DARK)).rstrip(";") in one for one in dark)
    assert palette.DARK["ground"] not in light


def test_an_empty_index_has_the_command_to_run() -> None:
    words = Reader(render_index([], AT)).words
    assert "No report published yet. Run: sre-cli report" in words
    assert "0 daily reports" in words
