"""Cards: identical on every machine, with alt text, and safe with text from outside."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sre_findings.model.answers import verdict as rule
from sre_findings.model.answers.answer import Proof
from sre_findings.model.answers.verdict import Verdict
from sre_findings.model.errors import UsageError
from sre_findings.model.snapshots.rollup import Counts, Rollup
from sre_findings.nightly.report import Material
from sre_reports.brief import brief
from sre_reports.pictures import (
    cards,
    drawing,
    font,
)
from sre_reports.pictures.cards import Card
from sre_reports.trend_days import days_of

Nights = Callable[..., Material]
Draw = Callable[[Material], Card]

HOSTILE = (
    "</text><script>alert(1)</script>&lt;{{7*7}}\u202egnp.exe\x1b[31m\x00\ufffe 東京" + "W" * 90
)
SVG = "{http://www.w3.org/2000/svg}"


def svgs(material: Material) -> list[str]:
    told = brief(material)
    return [
        cards.digest_svg(material, told),
        cards.trend_svg(material, told, days_of(material.trend)),
    ]


def hostile(night: Nights, proof: Callable[..., Proof]) -> Material:
    usual = night()
    lines: list[Any] = [dict(line, what=HOSTILE) for line in usual.fixes.items]
    many = Rollup(Counts(critical=10**18, high=10**18, medium=10**18, low=10**18), kev=10**18)
    summary = {
        "proof": proof(state="partial", reasons=(HOSTILE,) * 2, snapshot_id=HOSTILE),
        "rollup": many,
    }
    return night(summary, owner=HOSTILE, fixes=replace(usual.fixes, items=lines))


def rows_of(png: bytes) -> Iterator[tuple[int, bytearray]]:
    """The pixels of a picture by row, four bytes each.

    Decoded as the PNG specification defines.
    """
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, wide = 8, b"", 0
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + body)
        wide = struct.unpack_from(">I", body)[0] if kind == b"IHDR" else wide
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    lines, before = zlib.decompress(packed), bytearray(wide * 4)
    for n in range(len(lines) // (wide * 4 + 1)):
        line = bytearray(lines[n * (wide * 4 + 1) : (n + 1) * (wide * 4 + 1)])
        before = unfiltered(line[0], line[1:], before)
        yield n, before


def unfiltered(kind: int, line: bytearray, above: bytearray) -> bytearray:
    for n, value in enumerate(line):
        left, up, corner = (line[n - 4] if n >= 4 else 0), above[n], (above[n - 4] if n >= 4 else 0)
        nearest = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
        line[n] = (value + (0, left, up, (left + up) // 2, nearest)[kind]) % 256
    return line


@pytest.mark.parametrize("draw", [cards.digest, cards.trend])
def test_a_card_is_a_png_of_its_size_and_always_the_same(night: Nights, draw: Draw) -> None:
    png = draw(night()).png
    assert struct.unpack_from(">8s4x4sII", png) == (b"\x89PNG\r\n\x1a\n", b"IHDR", 2400, 1260)
    assert png == draw(night()).png


def test_only_bundled_fonts_are_used(monkeypatch: pytest.MonkeyPatch, night: Nights) -> None:
    import resvg_py

    asked: dict[str, Any] = {}
    real = resvg_py.svg_to_bytes

    def drawn(**options: Any) -> bytes:
        asked.update(options)
        return real(**options)

    monkeypatch.setattr(resvg_py, "svg_to_bytes", drawn)
    cards.digest(night())
    assert asked["skip_system_fonts"] is True
    assert [name.rpartition("-")[2] for name in asked["font_files"]] == [
        "Regular.otf",
        "SemiBold.otf",
    ]


def test_the_weights_look_different() -> None:
    def ink(weight: int) -> int:
        text = f'<text y="14" font-size="16" font-weight="{weight}">Illness</text>'
        drawn = drawing.png(
            '<svg xmlns="http://www.w3.org/2000/svg" width="70" height="20"'
            f' font-family="Inter">{text}</svg>'
        )
        return sum(sum(row[3::4]) for _, row in rows_of(drawn))

    assert ink(600) > 1.05 * ink(400) > 0


@pytest.mark.parametrize(
    "text",
    ["WWWWWWWWWWWWWWWWWW", "AVAVAVAVAVAVAVAVAV", "illicit fjord №1 ▲ 12", "Größe žluťoučký кинжал"],
)
@pytest.mark.parametrize("bold", [False, True])
def test_a_fitted_text_is_drawn_within_its_width(text: str, bold: bool) -> None:
    weight = font.face(font.SEMIBOLD if bold else font.REGULAR)
    shown, width = weight.fitted(text, 20, 120), 120
    drawn = drawing.png(
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="30" font-family="Inter"><text'
        f' y="20" font-size="20" font-weight="{600 if bold else 400}">{shown}</text></svg>'
    )
    reached = max(n // 4 for _, row in rows_of(drawn) for n in range(3, len(row), 4) if row[n])
    wide = weight.width(shown, 20) * drawing.ZOOM
    assert wide * 0.9 < reached + 1 <= (width + 2) * drawing.ZOOM


def test_the_picture_shows_the_numbers_of_the_answers(night: Nights) -> None:
    digest, trend = (" ".join(ET.fromstring(one).itertext()) for one in svgs(night()))
    words = re.sub(r"\s+", " ", digest)
    for said in (
        "2 critical and 6 high findings are open.",
        "▲ 1",
        "4 past SLA ▼ 1",
        "0 KEV",
        "1 kernel 3 findings",
        "5 / 2",
    ):
        assert said in words
    assert re.search(r"Critical\s+2\s.*High\s+6\s+▼ 2.*Medium\s+5\s.*Low\s+0\s", trend, re.DOTALL)


@pytest.mark.parametrize("draw", [cards.digest, cards.trend])
def test_the_alt_text_describes_the_picture(night: Nights, draw: Draw) -> None:
    alt = draw(night(owner="payments")).alt
    assert alt.startswith(
        "Inspector findings for payments, 22 November 2026. Complete snapshot for all"
        " visible accounts"
    )
    said = (
        [
            "2 critical (up 1), 6 high",
            "4 past SLA (down 1)",
            "5 / 2 new and resolved",
            "1. kernel: 3 findings",
        ],
        [
            "Critical: 2 now, from 2, maximum 2.",
            "High: 6 now, from 8, maximum 8.",
            "9 new and 6 resolved in total.",
        ],
    )
    assert [words for words in said[draw is cards.trend] if words not in alt] == []


@pytest.mark.parametrize("draw", [cards.digest, cards.trend])
def test_a_partial_snapshot_is_marked_in_picture_and_alt_text(
    night: Nights, proof: Callable[..., Proof], draw: Draw
) -> None:
    material = night({"proof": proof(state="partial", reasons=("eu-south-1: denied",))})
    assert "PARTIAL: 1 reason" in draw(material).alt
    for picture in svgs(material):
        assert "PARTIAL: 1 reason" in picture
        assert "Not read: eu-south-1: denied" in picture
        assert "Complete snapshot" not in picture


def test_a_stale_snapshot_is_marked(night: Nights, proof: Callable[..., Proof]) -> None:
    for picture in svgs(night({"proof": proof(too_old=True, age_seconds=3 * 86400)})):
        assert "STALE: 3 d old" in picture
        assert "is stale" in picture


def test_an_unknown_verdict_has_no_numbers_on_cards(night: Nights) -> None:
    verdict = Verdict(rule.UNKNOWN, rule.INCOMPLETE, "the scan is incomplete")
    material = night({"verdict": verdict, "rollup": Rollup()})
    for picture in svgs(material):
        assert len(re.findall(">unknown<", picture)) >= 4
    assert "Critical: unknown now" in cards.trend(material).alt


def test_a_first_snapshot_and_an_unavailable_trend_are_stated(night: Nights) -> None:
    usual = night().trend
    alone = night(before=None, trend=replace(usual, items=usual.items[-1:]))
    assert all("First snapshot" in picture for picture in svgs(alone))
    assert "resolved in all" not in cards.trend(alone).alt
    untold = night(trend=replace(usual, items=[], known=False))
    assert "The trend of this scope is not available." in cards.trend(untold).alt


def test_missing_and_partial_days_are_named_below_the_trend(night: Nights) -> None:
    usual = night().trend
    items: list[Any] = [
        dict(usual.items[0], date="2026-11-18"),
        dict(usual.items[1], state="partial"),
        usual.items[2],
    ]
    material = night(trend=replace(usual, items=items))
    said = "2 days without a snapshot, 1 partial snapshot left out of the counts"
    assert said in svgs(material)[1]
    assert said in cards.trend(material).alt


def test_text_from_outside_cannot_change_the_picture(
    night: Nights, proof: Callable[..., Proof]
) -> None:
    material = hostile(night, proof)
    for picture, plain in zip(svgs(material), svgs(night()), strict=True):
        tree = ET.fromstring(picture)
        assert {one.tag for one in tree.iter()} <= {
            one.tag for one in ET.fromstring(plain).iter()
        } | {f"{SVG}rect"}
        assert "</text><script>alert(1)" in "".join(tree.itertext())
        assert not re.search(
            "[\x00\x1b\u202e\ufffe]|49",
            "".join(text for text in tree.itertext() if "script" in text),
        )


def test_all_template_output_is_drawable() -> None:
    template = drawing._environment().from_string("{{ text }}")
    assert template.render(text="<a>\u202e\ufffe東") == "&lt;a&gt;□□"


def test_long_text_stays_within_the_card(night: Nights, proof: Callable[..., Proof]) -> None:
    for picture in svgs(hostile(night, proof)):
        for text in ET.fromstring(picture).iter(f"{SVG}text"):
            bold = text.get("font-weight") == "600"
            weight = font.face(font.SEMIBOLD if bold else font.REGULAR)
            wide, x = (
                weight.width(text.text or "", float(text.get("font-size", ""))),
                float(text.get("x", "")),
            )
            left = {"start": x, "end": x - wide, "middle": x - wide / 2}[
                text.get("text-anchor", "")
            ]
            assert left + 0.01 >= 48
            assert left + wide <= drawing.WIDTH - 47.9


def test_alt_text_fits_and_has_no_invisible_characters(
    night: Nights, proof: Callable[..., Proof]
) -> None:
    alt = cards.digest(hostile(night, proof)).alt
    assert len(alt) <= 2000
    assert not re.search("[\x00\x1b\u202e]", alt)


@pytest.mark.parametrize("name", [*Counts().to_json(), "other"])
def test_every_severity_can_be_the_highest(night: Nights, name: str) -> None:
    rollup = Rollup(Counts(**{name: 1})) if name != "total" else Rollup(suppressed=1)
    for picture in svgs(night({"rollup": rollup})):
        assert ET.fromstring(picture).tag == f"{SVG}svg"


def test_without_resvg_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, night: Nights
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(UsageError, match=r"sre-operations-assistant\[cards\]"):
        cards.digest(night())


@pytest.mark.parametrize("ink", ["ink", "muted", "good", "bad", "warn"])
@pytest.mark.parametrize("ground", ["ground", "card", "alarm"])
def test_text_is_readable_on_every_background(ink: str, ground: str) -> None:
    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = light(drawing.COLOURS[ground]), light(drawing.COLOURS[ink])
    assert (bright + 0.05) / (dark + 0.05) >= 4.5
