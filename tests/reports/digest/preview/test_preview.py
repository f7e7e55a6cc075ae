"""The preview shows what will be posted, and stays inside its frame."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from sre_findings.nightly.digest import DigestData, Silence
from sre_reports.digest.messages.content import render_digest
from sre_reports.digest.messages.report_links import Report
from sre_reports.digest.preview.markup import lines, wide
from sre_reports.digest.preview.picture import (
    RIGHT,
    WIDTH,
    preview,
    preview_svg,
)

NOW = datetime(2026, 11, 22, 2, 5, tzinfo=UTC)
REPORT = Report("https://sre.example")
_TEXT = "{http://www.w3.org/2000/svg}text"


def words(svg: str) -> list[str]:
    return [(one.text or "").strip() for one in ET.fromstring(svg).iter(_TEXT)]


def test_it_shows_the_message_and_its_thread(tonight: Callable[..., DigestData]) -> None:
    svg = preview_svg(render_digest(tonight(), REPORT), NOW)
    shown = words(svg)
    for text in (
        "sre-assistant",
        "APP",
        "02:05",
        "Inspector, 22 Nov: 2 critical, 4 past SLA",
        "4 replies",
        "Open report",
        "KEV only",
        "Top remediations",
        "kernel",
        "Critical and high findings per day",
    ):
        assert text in shown, text
    assert not [text for text in shown if "*" in text or "`" in text or "&lt;" in text]
    assert preview(render_digest(tonight(), REPORT), NOW).startswith(b"\x89PNG")


def test_nothing_is_drawn_outside_or_read_as_a_picture(
    tonight: Callable[..., DigestData],
) -> None:
    found = tonight(owners=("</text><script>" * 20, "b" * 400))
    root = ET.fromstring(preview_svg(render_digest(found, REPORT), NOW))
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    for one in root.iter(_TEXT):
        end = one.attrib["text-anchor"] == "end"
        x = float(one.attrib["x"]) + (
            0 if end else wide(one.text or "", float(one.attrib["font-size"]))
        )
        assert x <= WIDTH
    high = float(root.attrib["height"])
    assert max(float(one.attrib["y"]) for one in root.iter(_TEXT)) < high


def test_a_message_without_a_thread_and_one_without_numbers(
    quiet: Callable[..., DigestData],
) -> None:
    assert "replies" not in " ".join(words(preview_svg(render_digest(quiet(), REPORT), NOW)))
    silence = words(preview_svg(render_digest(Silence("2026-11-22", None, None), REPORT), NOW))
    assert "Inspector, 2026-11-22: no snapshot today" in silence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a" * 500,
        "word " * 200,
        "*bold `code` here* and `<code>` &lt;b&gt;",
        ":unknown: <!here> _soft_",
    ],
)
def test_lines_fit_their_width(text: str) -> None:
    for line in lines(text, 15, 300):
        if line:
            assert line[-1].x + wide(line[-1].text.rstrip(), 15, bold=line[-1].bold) <= 300.5


def test_markup_is_rendered() -> None:
    (line,) = lines(
        "*5 new*, `vim` <https://x.example|Report> <!here> a_b_c &amp; :warning:", 15, RIGHT
    )
    assert "".join(run.text for run in line) == "5 new, vim Report @here a_b_c & ▲"
    assert [run.text.strip() for run in line if run.bold] == ["5", "new"]
    assert [run.text for run in line if run.code] == ["vim"]
